"""The base of all models: camelCase on the wire, snake_case in Python, unknown fields ignored on reading.

A model is a *typed view* of an object. The API server validates objects against structural schemas made from
the models (see `structural`); it never validates with the models themselves. Reading ignores unknown fields, so
that an older client can read a newer server's objects.

    >>> from fizz.schemas.core import ConfigMap
    >>> ConfigMap.load({"kind": "ConfigMap", "metadata": {"name": "motd"}, "data": {"text": "hello"}}).metadata.name
    'motd'
"""

from typing import ClassVar, Self

from pydantic import BaseModel, ConfigDict
from pydantic.alias_generators import to_camel

from fizz.schemas.types import JSON

__all__ = ["JSON", "Model"]


class Model(BaseModel):
    """A part of an object. Fields are named as on the wire, in camelCase; Python sees snake_case."""

    model_config: ClassVar[ConfigDict] = ConfigDict(alias_generator=to_camel, populate_by_name=True, extra="ignore")

    @classmethod
    def load(cls, data: JSON) -> Self:
        """Read the wire form. Raises `pydantic.ValidationError` where a known field has the wrong type."""
        return cls.model_validate(data)

    def dump(self) -> JSON:
        """Write the wire form: fields that were set, without nulls."""
        return self.model_dump(mode="json", by_alias=True, exclude_none=True, exclude_unset=True)
