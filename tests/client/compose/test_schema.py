"""The JSON Schema takes what loads, and refuses what is clearly wrong."""

from typing import Any

import pytest
from jsonschema import Draft202012Validator

from fizz.client.compose import LoadOptions, MemoryFilesystem, load
from fizz.client.compose.documents import read_documents
from fizz.client.compose.nodes import plain
from fizz.client.compose.problems import Problems
from fizz.client.compose.schema import compose_schema
from tests.parity.corpus import CASES

SCHEMA = compose_schema()
VALIDATOR = Draft202012Validator(SCHEMA)
# What a schema cannot know: tags of YAML, and that an empty value is left out where there is another.
_TAGS = ("!reset", "!override", "include:\n", "extends: base, ports: ,")


def documents(content: bytes) -> list[Any]:
    return [plain(document) for document in read_documents(content, "compose.yaml", Problems())]


def test_it_is_a_schema() -> None:
    Draft202012Validator.check_schema(SCHEMA)


def test_everything_that_is_shared_is_used() -> None:
    text = str(SCHEMA)
    assert [name for name in SCHEMA["$defs"] if f"'#/$defs/{name}'" not in text] == []


@pytest.mark.parametrize("folder", sorted(path.name for path in CASES.iterdir()))
def test_it_takes_what_loads(folder: str) -> None:
    refused = []
    for path in sorted((CASES / folder).rglob("*.y*ml")):
        content = path.read_bytes()
        loaded = load(LoadOptions(consistency=False), {}, MemoryFilesystem({"/project/compose.yaml": content}))
        if loaded.project is None or loaded.blockers or any(tag.encode() in content for tag in _TAGS):
            continue
        refused += [(path.name, error.message) for each in documents(content) for error in VALIDATOR.iter_errors(each)]
    assert refused == []


@pytest.mark.parametrize(
    "text",
    [
        "services: []",
        "servics: {}",
        "services: {web: {imagee: x}}",
        "services: {web: {image: 5}}",
        "services: {web: {image: x, ports: {a: b}}}",
        "services: {web: {image: x, ports: [{target: 99999}]}}",
        "services: {web: {image: x, ports: [{traget: 80}]}}",
        "services: {web: {image: x, environment: text}}",
        "services: {web: {image: x, restart: sometimes}}",
        "services: {web: {image: x, tty: maybe}}",
        "services: {web: {image: x, mem_limit: much}}",
        "services: {web: {image: x, depends_on: {db: {condition: ready}}}}",
        "services: {web: {image: x, healthcheck: {retries: many}}}",
        "services: {web: {image: x, volumes: [{type: disk, target: /x}]}}",
        "services: {web: {image: x, deploy: {resources: {limits: {memory: [1]}}}}}",
        "services: {web: {image: x, x-fizz: {unknown: true}}}",
        "services: {'a b': {image: x}}",
        "x-fizz: {database: {db: {engine: oracle}}}",
        "networks: {n: {internal: {}}}",
        "volumes: {v: 5}",
        "secrets: {s: {files: x}}",
    ],
)
def test_it_refuses_what_is_clearly_wrong(text: str) -> None:
    (document,) = documents(text.encode())
    assert not VALIDATOR.is_valid(document)


def test_a_variable_may_become_anything() -> None:
    text = """
services:
  web:
    image: $IMAGE
    tty: ${TTY:-true}
    scale: ${N}
    restart: ${RESTART}
    mem_limit: ${MEM}
    depends_on: {db: {condition: $WHEN}}
"""
    (document,) = documents(text.encode())
    VALIDATOR.validate(document)


def test_the_words_of_the_guide_are_in_it() -> None:
    block = SCHEMA["properties"]["services"]["additionalProperties"]
    options = block.get("anyOf", [block])
    keys = options[0]["properties"]
    assert keys["hostname"]["description"] == "hostname"
    assert keys["pre_start"]["description"].startswith("Refused")
