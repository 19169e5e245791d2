"""Mutants are made by seed, are YAML, and become small without losing what matters; the hunt finds what differs."""

import random
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Final

import yaml

from tests.parity.corpus import Answer, Case
from tests.parity.hunt import hunt
from tests.parity.mutants import Mutant, Mutator, reduced
from tests.parity.stored import is_meant

TEXTS: Final = [
    "services:\n  web:\n    image: nginx\n    ports: ['80:80']\n    labels: {a: yes}\n",
    "services:\n  db:\n    image: mysql\n    environment: &env {A: 0o17}\n    x-env: *env\n",
]


def test_the_same_seed_makes_the_same_mutants_and_another_one_others() -> None:
    def make(seed: int) -> list[list[str]]:
        chance, mutator = random.Random(seed), Mutator(TEXTS)
        return [mutator.make(chance).texts() for _ in range(20)]

    assert make(1) == make(1)
    assert make(1) != make(2)


def test_every_mutant_is_yaml_and_some_are_two_files() -> None:
    chance, mutator = random.Random(0), Mutator(TEXTS)

    mutants = [mutator.make(chance).texts() for _ in range(100)]

    for texts in mutants:
        for text in texts:
            yaml.compose(text)
    assert {len(texts) for texts in mutants} == {1, 2}


def test_files_that_are_no_yaml_or_have_keys_that_are_no_texts_are_passed_over() -> None:
    mutator = Mutator(["a: [", "- a", "? [a]\n: b", "services: {web: {image: only}}"])
    assert "only" in "".join(mutator.make(random.Random(3)).texts() + mutator.make(random.Random(4)).texts())


def test_reducing_leaves_only_what_keeps_the_answer() -> None:
    tree = yaml.compose(TEXTS[0])
    assert tree is not None

    small = reduced(Mutant((tree, tree), ()), lambda mutant: any("80:80" in text for text in mutant.texts()))

    assert [yaml.safe_load(text) for text in small.texts()] == [{"services": {"web": {"ports": ["80:80"]}}}]


def test_the_hunt_tells_each_kind_of_disagreement_once_by_its_smallest_file(tmp_path: Path) -> None:
    def compose(case: Case) -> Answer:
        return Answer({"services": {}})

    def fizz(case: Case) -> Answer:
        text = "".join(path.read_text() for path in case.directory.iterdir())
        return (
            Answer.refusal(case, f'{case.name}.yaml:1:1: ports are not "known"') if "ports" in text else compose(case)
        )

    with ThreadPoolExecutor(1) as pool:
        found = list(hunt(TEXTS, tmp_path, (compose, fizz), 12, 0, pool, lambda text: False))

    assert {each.lines[0].partition(": ")[2].partition(": ")[2] for each in found} == {'ports are not "known"'}
    assert len(found) == len({each.flags for each in found})  # one kind for each choice of flags
    assert all(len("".join(each.texts)) < len(TEXTS[0]) for each in found)


def test_what_crashes_compose_is_no_disagreement(tmp_path: Path) -> None:
    def crash(case: Case) -> Answer:
        return Answer.refusal(case, "panic: interface conversion")

    with ThreadPoolExecutor(1) as pool:
        assert list(hunt(TEXTS, tmp_path, (crash, lambda case: Answer({})), 20, 0, pool, lambda text: False)) == []


def test_what_is_meant_is_known_by_what_explains_it() -> None:
    assert is_meant("reject-wrongly fizz: a.yaml:4:14: services.a.command must be a string, not a date")
    assert not is_meant("differ  services.*.image services.a.image: compose 'a', fizz 'b'")
