"""What the scripts beside it share; each is run by itself, with the path of a kubeconfig."""

from typing import Any

PLACE = ("stable.example.com", "v1", "default", "crontabs")
PATCHES: dict[str, Any] = {
    "application/json-patch+json": [{"op": "add", "path": "/data/json", "value": "1"}],
    "application/merge-patch+json": {"data": {"merge": "1", "old": None}},
    "application/strategic-merge-patch+json": {"data": {"strategic": "1"}},
}
"""Patches of a ConfigMap by their content types; after all of them it has the data `PATCHED`, if it had `old`."""
PATCHED = {"json": "1", "merge": "1", "strategic": "1"}


def tab_of(name: str) -> dict[str, Any]:
    """A CronTab of that name."""
    return {
        "apiVersion": "stable.example.com/v1",
        "kind": "CronTab",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"cronSpec": "* * * * *"},
    }


def map_of(name: str, **data: str) -> dict[str, Any]:
    """A ConfigMap of that name."""
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name, "namespace": "default"}, "data": data}


def lease_of(name: str, holder: str) -> dict[str, Any]:
    """A Lease that somebody holds."""
    spec = {"holderIdentity": holder, "leaseDurationSeconds": 5, "acquireTime": "2026-01-31T09:30:00.123456Z"}
    metadata = {"name": name, "namespace": "default"}
    return {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease", "metadata": metadata, "spec": spec}
