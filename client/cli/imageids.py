"""Telling Deployments which image they run, by content: `imageID` of their template. Pure."""

from collections.abc import Iterable, Mapping
from dataclasses import replace

from fizz.client.cli.project import Resources
from fizz.schemas.types import JSON

__all__ = ["keep_images", "tell_images"]


def tell_images(resources: Resources, ids: Mapping[str, str]) -> Resources:
    """The resources with the ids of images, by name of the Deployment."""
    told = tuple(_with_image(item, ids.get(item["metadata"]["name"], "")) for item in resources.objects)
    return replace(resources, objects=told)


def keep_images(resources: Resources, existing: Iterable[JSON]) -> Resources:
    """For who applies without looking at images: a Deployment keeps the image that it has, if its name is the same."""
    new = {item["metadata"]["name"]: _container(item) for item in resources.objects if item["kind"] == "Deployment"}
    kept: dict[str, str] = {}
    for item in existing:
        wanted = new.get(item["metadata"]["name"])
        if item["kind"] == "Deployment" and wanted is not None and "imageID" not in wanted:
            before = _container(item)
            if before.get("imageID") and before.get("image") == wanted.get("image"):
                kept[item["metadata"]["name"]] = before["imageID"]
    return tell_images(resources, kept)


def _with_image(item: JSON, image: str) -> JSON:
    if item["kind"] != "Deployment" or not image:
        return item
    template = item["spec"]["template"]
    return {
        **item,
        "spec": {**item["spec"], "template": {**template, "spec": {**template["spec"], "imageID": image}}},
    }


def _container(item: JSON) -> JSON:
    spec: JSON = item["spec"]["template"]["spec"]
    return spec
