"""Variables of a container's environment, and where their values come from."""

from pydantic import Field

from fizz.schemas.base import Model

__all__ = ["EnvVar", "KeySelector", "ValueFrom"]


class KeySelector(Model):
    """One key of a Secret or ConfigMap in the same namespace."""

    name: str = Field(description="Name of the object.")
    key: str = Field(description="The key in its data.")


class ValueFrom(Model):
    """Where a variable's value comes from; exactly one."""

    secret_key_ref: KeySelector | None = Field(None, description="A key of a Secret.")
    config_map_key_ref: KeySelector | None = Field(None, description="A key of a ConfigMap.")


class EnvVar(Model):
    """A variable in the container's environment."""

    name: str = Field(description="Name of the variable.")
    value: str | None = Field(None, description="Its value; neither value nor valueFrom means: set, but empty.")
    value_from: ValueFrom | None = Field(None, description="Where the value comes from instead.")
    unset: bool | None = Field(None, description="True to take away the variable that the image has set.")
