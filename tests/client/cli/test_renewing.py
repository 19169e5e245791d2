from typing import Any

from fizz.client.cli.project import Resources
from fizz.client.cli.renewing import mark_renewals
from fizz.schemas import labels
from fizz.schemas.types import JSON


def deployment(name: str, mark: str | None = None, status: JSON | None = None) -> JSON:
    template: JSON = {"metadata": {"labels": {"a": "b"}}, "spec": {"image": "x"}}
    if mark:
        template["metadata"]["annotations"] = {labels.VOLUMES_RENEWED_AT: mark}
    return {"kind": "Deployment", "metadata": {"name": name}, "spec": {"template": template}, "status": status}


WITH_VOLUMES = {"replicaVolumes": [{"ordinal": 0, "node": "one", "volumes": [{"target": "/d", "name": "5448"}]}]}


def marks(existing: list[JSON], renewed_at: str | None = None) -> dict[str, Any]:
    network = {"kind": "Network", "metadata": {"name": "db"}, "spec": {}}
    wanted = Resources("shop", "shop", (network, deployment("web"), deployment("db")))
    made = mark_renewals(wanted, existing, renewed_at).objects
    assert made[0] == network
    assert all(each["spec"]["template"]["metadata"]["labels"] == {"a": "b"} for each in made[1:])
    found = {each["metadata"]["name"]: each["spec"]["template"]["metadata"].get("annotations") for each in made[1:]}
    return {name: annotations and annotations[labels.VOLUMES_RENEWED_AT] for name, annotations in found.items()}


def test_what_was_marked_stays_so_and_the_rest_is_left_alone() -> None:
    assert marks([deployment("web", "earlier")]) == {"web": "earlier", "db": None}


def test_renewing_marks_those_that_have_anonymous_volumes() -> None:
    existing = [deployment("web", "earlier", {}), deployment("db", "earlier", WITH_VOLUMES)]

    assert marks(existing, "now") == {"web": "earlier", "db": "now"}
    assert marks([], "now") == {"web": None, "db": None}
