"""A kopf operator with a handler of every sort; each leaves a mark in the object's status or annotations.

WEBHOOK_CERTIFICATE and WEBHOOK_KEY name the files of the certificate that its webhooks have, for 127.0.0.1.
"""

import os
from typing import Any

import kopf

CRONTABS = ("stable.example.com", "v1", "crontabs")


@kopf.on.startup()
def configure(settings: kopf.OperatorSettings, **_: Any) -> None:
    settings.posting.enabled = True
    settings.peering.standalone = True
    settings.persistence.finalizer = "example.com/counting"
    settings.admission.managed = "counting.example.com"
    settings.admission.server = kopf.WebhookServer(
        addr="127.0.0.1", certfile=os.environ["WEBHOOK_CERTIFICATE"], pkeyfile=os.environ["WEBHOOK_KEY"]
    )


@kopf.on.mutate(*CRONTABS, operations=["CREATE"])
def labelled(patch: Any, **_: Any) -> None:
    patch.metadata.labels["example.com/asked"] = "yes"


@kopf.on.validate(*CRONTABS)
def judged(spec: Any, warnings: list[str], dryrun: bool, **_: Any) -> None:
    if spec["image"] == "forbidden":
        raise kopf.AdmissionError("that image is not welcome", code=403)
    if spec["image"] == "old":
        warnings.append(f"that image is old{' (dry run)' if dryrun else ''}")


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


@kopf.on.update(*CRONTABS, field="metadata.labels")
def relabelled(patch: Any, **_: Any) -> None:
    patch.metadata.annotations["example.com/relabelled"] = "yes"


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
