"""A kopf operator with a handler of every sort; each leaves a mark in the object's status or annotations."""

from typing import Any

import kopf

CRONTABS = ("stable.example.com", "v1", "crontabs")


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.posting.enabled = True
    settings.peering.standalone = True
    settings.persistence.finalizer = "example.com/counting"


@kopf.on.create(*CRONTABS)
def created(spec: Any, patch: Any, body: Any, **_: Any) -> dict[str, str]:
    patch.status["phase"] = "Created"
    kopf.event(body, type="Normal", reason="Counted", message="it was counted")
    return {"image": spec["image"]}


@kopf.on.update(*CRONTABS)
def updated(patch: Any, **_: Any) -> None:
    patch.metadata.annotations["example.com/updated"] = "yes"


@kopf.on.field(*CRONTABS, field="spec.image")
def moved(new: Any, patch: Any, **_: Any) -> None:
    patch.metadata.annotations["example.com/image"] = str(new)


@kopf.on.delete(*CRONTABS)
def deleted(logger: Any, **_: Any) -> None:
    logger.info("deletion was handled")


@kopf.timer(*CRONTABS, interval=0.5)
def ticked(patch: Any, annotations: Any, **_: Any) -> None:
    if "example.com/ticked" not in annotations:
        patch.metadata.annotations["example.com/ticked"] = "yes"


@kopf.daemon(*CRONTABS, cancellation_timeout=1.0)
async def haunted(stopped: Any, logger: Any, **_: Any) -> None:
    logger.info("the daemon is there")
    await stopped.wait()
    logger.info("the daemon goes")


@kopf.index(*CRONTABS)
def by_image(spec: Any, name: Any, **_: Any) -> dict[str, str]:
    return {spec["image"]: name}


@kopf.on.event(*CRONTABS)
def seen(by_image: Any, logger: Any, **_: Any) -> None:
    logger.info("the index has %d images", len(by_image))
