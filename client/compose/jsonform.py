"""The model as compose writes it in JSON, which is not quite what it writes in YAML: some keys are always there.

Whoever reads `docker compose config --format json` may count on `command` and `entrypoint` of a service, `ipam` of a
network, `resources` and `placement` of `deploy`. Not taken over: that compose loses extensions below the top level.
"""

from collections.abc import Callable
from typing import Any, Final

__all__ = ["json_form", "json_service"]

JSON = dict[str, Any]

_RUN: Final[JSON] = {"command": None, "entrypoint": None}
_DEPLOY: Final[JSON] = {"placement": {}, "resources": {}}


def json_form(model: JSON) -> JSON:
    """The whole model. It is not changed; the parts that need no addition are shared."""
    return _each(
        model,
        {
            "jobs": json_service,
            "networks": lambda network: _sorted({"ipam": {}, **network}),
            "services": json_service,
        },
    )


def json_service(service: JSON) -> JSON:
    """A service or job."""
    result = {**_RUN, **service}
    if "deploy" in service:
        result["deploy"] = _sorted({**_DEPLOY, **service["deploy"]})
    if "watch" in (service.get("develop") or ()):
        rules = [
            _sorted({**rule, "exec": {"command": None, **rule.get("exec", {})}}) for rule in result["develop"]["watch"]
        ]
        result["develop"] = {**service["develop"], "watch": rules}
    for kind in ("post_start", "pre_stop"):
        if kind in service:
            result[kind] = [{"command": None, **hook} for hook in service[kind]]
    if "pre_start" in service:
        result["pre_start"] = [_sorted({**_RUN, **hook}) for hook in service["pre_start"]]
    return _sorted(result)


def _each(model: JSON, changes: dict[str, Callable[[JSON], JSON]]) -> JSON:
    changed = {
        kind: {name: change(item or {}) for name, item in model[kind].items()}
        for kind, change in changes.items()
        if kind in model
    }
    return {**model, **changed}


def _sorted(mapping: JSON) -> JSON:
    return dict(sorted(mapping.items()))
