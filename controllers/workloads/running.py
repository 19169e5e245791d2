"""Whether a Container runs, and whether a restart that was asked for is done. Pure."""

from fizz.schemas import labels
from fizz.schemas.apps import Deployment
from fizz.schemas.container import Container

__all__ = ["annotation", "is_restarting", "still_runs"]


def annotation(item: Container | Deployment, name: str) -> str | None:
    """The value of an annotation, None without one."""
    return (item.metadata.annotations or {}).get(name)


def still_runs(item: Container) -> bool:
    """Whether it is yet to be stopped, or is being stopped."""
    phase = item.status.phase if item.status else None
    return phase not in {None, "Stopped", "Succeeded", "Failed"}


def is_restarting(item: Container, deployment: Deployment | None = None) -> bool:
    """Whether a restart of the Container was asked for, by itself or by its Deployment, and is not done yet."""
    own = annotation(item, labels.RESTARTED_AT) or ""
    asked = max(own, (annotation(deployment, labels.RESTARTED_AT) if deployment else None) or "")
    done = (item.status.observed_restart if item.status else None) or ""
    return done < asked
