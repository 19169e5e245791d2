"""Telling Deployments and Jobs which image they run, by content: `imageID` of their template. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from fizz.client.cli.project import WORKLOADS, Resources
from fizz.schemas.types import JSON

__all__ = ["container_of", "keep_images", "tell_images", "with_value"]


def tell_images(resources: Resources, ids: Mapping[str, str]) -> Resources:
    """The resources with the ids of images, by name of the Deployment, Job or CronJob."""
    told = tuple(_with_image(item, ids.get(item["metadata"]["name"], "")) for item in resources.objects)
    return replace(resources, objects=told)


def keep_images(resources: Resources, existing: Iterable[JSON]) -> Resources:
    """For who applies without looking at images: a workload keeps the image that it has, if its name is the same."""
    new = {item["metadata"]["name"]: container_of(item) for item in resources.objects if item["kind"] in WORKLOADS}
    kept: dict[str, str] = {}
    for item in existing:
        wanted = new.get(item["metadata"]["name"])
        if item["kind"] in WORKLOADS and wanted is not None and "imageID" not in wanted:
            before = container_of(item)
            if before.get("imageID") and before.get("image") == wanted.get("image"):
                kept[item["metadata"]["name"]] = before["imageID"]
    return tell_images(resources, kept)


def _path(item: JSON) -> tuple[str, ...]:
    """Where the spec of the containers is."""
    inside = ("template", "spec")
    return ("spec", "jobTemplate", "spec", *inside) if item["kind"] == "CronJob" else ("spec", *inside)


def _with_image(item: JSON, image: str) -> JSON:
    if item["kind"] not in WORKLOADS or not image:
        return item
    return with_value(item, "imageID", image)


def with_value(item: JSON, field: str, value: str) -> JSON:
    """The Deployment, Job or CronJob with a field of its containers' spec set."""
    return _with(item, (*_path(item), field), value)


def _with(item: JSON, path: tuple[str, ...], value: str) -> JSON:
    first, *rest = path
    return {**item, first: _with(item[first], tuple(rest), value) if rest else value}


def container_of(item: JSON) -> JSON:
    """The spec of the containers of a Deployment, Job or CronJob."""
    spec = item
    for step in _path(item):
        spec = spec[step]
    return spec
