"""What the scripts beside it share; each is run by itself, with the path of a kubeconfig."""

from typing import Any

PLACE = ("stable.example.com", "v1", "default", "crontabs")


def tab_of(name: str) -> dict[str, Any]:
    """A CronTab of that name."""
    return {
        "apiVersion": "stable.example.com/v1",
        "kind": "CronTab",
        "metadata": {"name": name, "namespace": "default"},
        "spec": {"cronSpec": "* * * * *"},
    }
