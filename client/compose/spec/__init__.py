"""The Compose Specification as tables of shapes: every key, what it takes, and whether Fizz honours it.

`PROJECT` is the whole. Each module has one part of it, together with the short forms that the part may be written in.
The guide's table of attributes is made from here.
"""

from fizz.client.compose.spec.project import PROJECT, SERVICE

__all__ = ["PROJECT", "SERVICE"]
