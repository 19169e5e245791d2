"""Who made a Release: the server says it, not whoever asks for it to be made."""

from fizz.schemas.base import JSON

__all__ = ["signed"]


def signed(body: JSON, group: str, kind: str, user: str) -> JSON:
    """The object to be created with its maker's name, where its kind has a place for that."""
    if (group, kind) != ("fizz.dev", "Release") or not isinstance(body.get("spec"), dict):
        return body
    return {**body, "spec": {**body["spec"], "createdBy": user}}
