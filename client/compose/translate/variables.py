"""Variables of containers, and of the commands that are run in them as hooks."""

from collections.abc import Mapping
from typing import Any

from fizz.client.compose.translate.resources import given
from fizz.schemas.env import EnvVar
from fizz.schemas.hooks import Hook

__all__ = ["translate_hooks", "translate_variables"]

JSON = dict[str, Any]


def translate_variables(environment: Mapping[str, str | None]) -> list[EnvVar]:
    """Variables sorted by name; one without a value is taken away from those of the image."""
    return [
        EnvVar(name=name, unset=True) if value is None else EnvVar(name=name, value=value)
        for name, value in sorted(environment.items())
    ]


def translate_hooks(hooks: list[JSON]) -> list[Hook]:
    """The commands in their order; a hook without a command does nothing."""
    return [
        Hook(
            command=hook["command"],
            **given(
                user=hook.get("user"),
                privileged=hook.get("privileged"),
                working_dir=hook.get("working_dir"),
                env=translate_variables(hook.get("environment") or {}) or None,
            ),
        )
        for hook in hooks
        if hook.get("command")
    ]
