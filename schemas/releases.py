"""Releases: what was applied of a project, and when; what it can go back to.

A Release names all objects of the project as they were applied, each with a hash, and carries them in its manifest: the
list of them as JSON, compressed, so that the ten that are kept cost little. Contents of Secrets and ConfigMaps are not
in it. They are kept in *revisions*: immutable copies, named by content and shared by all Releases that have them, which
whoever may not read Secrets cannot read either.
"""

from typing import Literal

from pydantic import Field

from fizz.schemas.base import Model
from fizz.schemas.fields import Time
from fizz.schemas.meta import Object

__all__ = ["Release", "ReleaseImage", "ReleasePhase", "ReleaseResource", "ReleaseSpec", "ReleaseStatus"]

ReleasePhase = Literal["Progressing", "Deployed", "Failed", "Superseded"]


class ReleaseResource(Model):
    """An object of a Release, without what it says."""

    api_version: str = Field(description="Group and version of its kind.")
    kind: str = Field(description="Its kind.")
    name: str = Field(description="Its name.")
    digest: str = Field(description="Hash of the object as it was applied.")
    revision: str | None = Field(
        None, description="Name of the Secret or ConfigMap that keeps its content; of these two kinds alone."
    )


class ReleaseImage(Model):
    """An image of a Release, by content."""

    name: str = Field(description="Its name in the compose file.")
    id: str = Field(description="Its id in the engine.")
    digests: list[str] | None = Field(None, description="What registries call it, as repository@sha256:...")


class ReleaseSpec(Model):
    """What was applied; never changes."""

    project: str = Field(description="The project.")
    number: int = Field(ge=1, description="Counts the Releases of the project.")
    digest: str = Field(description="Hash of all that was applied: two Releases that say the same have the same.")
    message: str | None = Field(None, description="What whoever applied it had to say.")
    author: str | None = Field(None, description="Who applied it, as their machine says: user@host.")
    created_by: str | None = Field(None, description="Who applied it, as the server knows them; it alone writes this.")
    origin: int | None = Field(None, description="The number of the Release that this one went back to.")
    images: list[ReleaseImage] | None = Field(
        None,
        description="The images, as far as they are known.",
        json_schema_extra={"x-kubernetes-list-type": "atomic"},
    )
    resources: list[ReleaseResource] = Field(
        description="The objects.", json_schema_extra={"x-kubernetes-list-type": "atomic"}
    )
    manifest: str = Field(description="The objects in full but for contents: a list as JSON, by gzip, in base64.")


class ReleaseStatus(Model):
    """What became of it."""

    phase: ReleasePhase | None = Field(
        None, description="Progressing, Deployed or Failed: how the newest Release is doing; the others are Superseded."
    )
    message: str | None = Field(None, description="What does not work.")
    deployed_at: Time | None = Field(None, description="When all of it was as wanted for the first time.")


class Release(Object):
    """What was applied of a project. Made by `fizz up`; `fizz history` lists them, `fizz rollback` goes back to one."""

    api_version: str = "fizz.dev/v1"
    kind: str = "Release"
    spec: ReleaseSpec = Field(description="What was applied.")
    status: ReleaseStatus | None = Field(None, description="What became of it.")
