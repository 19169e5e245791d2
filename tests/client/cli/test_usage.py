"""What a container uses, from the engine's figures."""

import pytest

from fizz.client.cli.usage import binary, decimal, usage_of
from fizz.schemas.base import JSON

ITEM: JSON = {"metadata": {"name": "web"}, "status": {"containerID": "0badcafe0bad99", "containerName": "shop-web-1"}}
FIGURES: JSON = {
    "cpu_stats": {"cpu_usage": {"total_usage": 300}, "system_cpu_usage": 2000, "online_cpus": 2},
    "precpu_stats": {"cpu_usage": {"total_usage": 100}, "system_cpu_usage": 1000},
    "memory_stats": {"usage": 3 * 2**20, "limit": 2**30, "stats": {"inactive_file": 2**20}},
    "networks": {"eth0": {"rx_bytes": 1000, "tx_bytes": 1}, "eth1": {"rx_bytes": 500, "tx_bytes": 2}},
    "blkio_stats": {
        "io_service_bytes_recursive": [
            {"op": "Read", "value": 4096}, {"op": "Write", "value": 5_000_000}, {"op": "Total", "value": 9},
        ]
    },
    "pids_stats": {"current": 7},
}  # fmt: skip


def test_figures_become_what_docker_stats_shows() -> None:
    assert usage_of(ITEM, FIGURES).as_json() == {
        "Container": "0badcafe0bad",
        "ID": "0badcafe0bad",
        "Name": "shop-web-1",
        "CPUPerc": "40.00%",
        "MemUsage": "2MiB / 1GiB",
        "MemPerc": "0.20%",
        "NetIO": "1.5kB / 3B",
        "BlockIO": "4.096kB / 5MB",
        "PIDs": "7",
    }


def test_the_older_control_groups_name_the_cache_otherwise() -> None:
    memory = {"usage": 3 * 2**20, "limit": 2**30, "stats": {"total_inactive_file": 2 * 2**20, "inactive_file": 1}}

    assert usage_of(ITEM, {**FIGURES, "memory_stats": memory}).memory == 2**20


@pytest.mark.parametrize("figures", [None, {}, {"memory_stats": {}, "read": "0001-01-01T00:00:00Z"}])
def test_what_does_not_run_uses_nothing(figures: JSON | None) -> None:
    assert usage_of(ITEM, figures).row() == ("0badcafe0bad", "shop-web-1", "--", "-- / --", "--", "--", "--", "--")


def test_a_first_reading_has_no_share_of_the_processor() -> None:
    assert usage_of(ITEM, {**FIGURES, "precpu_stats": {}, "cpu_stats": {}}).cpu == 0


@pytest.mark.parametrize(
    ("number", "as_binary", "as_decimal"),
    [(0, "0B", "0B"), (1023, "1023B", "1.023kB"), (1536, "1.5KiB", "1.536kB"), (2**50, "1024TiB", "1126TB")],
)
def test_numbers_are_short(number: int, as_binary: str, as_decimal: str) -> None:
    assert (binary(number), decimal(number)) == (as_binary, as_decimal)
