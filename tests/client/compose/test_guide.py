"""docs/compose.md says what the code does."""

from pathlib import Path

from fizz.client import compose
from fizz.client.compose.guide import attribute_table
from fizz.client.compose.spec import PROJECT, SERVICE

GUIDE = (Path(__file__).parents[3] / "docs" / "compose.md").read_text()


def test_the_table_of_attributes_is_the_specification() -> None:
    _, _, table = GUIDE.partition("## Attributes")
    assert table[table.index("| attribute") :].strip() == attribute_table()


def test_every_key_of_the_specification_is_in_the_table() -> None:
    for name in SERVICE.keys:
        assert f"| `services.*.{name}` |" in GUIDE
    for name in PROJECT.keys:
        assert f"| `{name}` |" in GUIDE or f"| `{name}.*" in GUIDE


def test_every_honoured_leaf_says_how() -> None:
    lines = attribute_table().splitlines()[2:]
    rows = [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]
    parents = {path.strip("`") for path, *_ in rows}
    for path, honoured, how in rows:
        name = path.strip("`")
        leaf = not any(other.startswith((f"{name}.", f"{name}[]")) for other in parents)
        assert how or honoured != "yes" or not leaf, f"{name} is honoured, but how?"


def test_the_front_door_is_complete() -> None:
    for name in compose.__all__:
        assert getattr(compose, name) is not None
        assert getattr(compose, name).__doc__
