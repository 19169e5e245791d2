"""Images, as a client deals with them: what goes into a build, and what is asked of the engine of a node.

| module | what |
|---|---|
| `ignore` | .dockerignore: which files of a folder belong to the context |
| `context` | the context as a tar file, made as it is sent |
| `dockerfile` | the little that must be known of a Dockerfile |
| `node` | looking at, pulling, pushing and building images through the API server |
"""

from fizz.client.images.context import ContextError, pack
from fizz.client.images.ignore import Ignore, IgnoreError
from fizz.client.images.node import ImageError, NodeImages, image_node

__all__ = ["ContextError", "Ignore", "IgnoreError", "ImageError", "NodeImages", "image_node", "pack"]
