"""The dynamic client of `kubernetes`: discovery, server-side apply."""

import sys

from common import tab_of
from kubernetes import config, dynamic


def main() -> None:
    api = dynamic.DynamicClient(config.new_client_from_config(sys.argv[1]))
    tabs = api.resources.get(api_version="stable.example.com/v1", kind="CronTab")
    tabs.create(body=tab_of("dynamic"), namespace="default")
    tabs.server_side_apply(
        body={**tab_of("dynamic"), "spec": {"image": "x"}},
        name="dynamic",
        namespace="default",
        field_manager="d",
        force_conflicts=True,
    )
    assert tabs.get(name="dynamic", namespace="default").spec.image == "x"
    tabs.delete(name="dynamic", namespace="default")


main()
