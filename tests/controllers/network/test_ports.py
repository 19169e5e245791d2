"""Who gets which port: nobody's port goes to another, and what is held is kept."""

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from fizz.client.objects import Key
from fizz.controllers.network.ingress.ports import ANY_PORT, Bind, Grant, Refusal, Wish, Wisher, allocate

ALL = ("0.0.0.0", "::")
WEB, SHOP = Key("blog", "web"), Key("shop", "web")


def wish(
    first: int | None = 8080,
    last: int | None = None,
    to: int = 80,
    addresses: tuple[str, ...] = ALL,
    proto: str = "tcp",
) -> Wish:
    return Wish(to, proto, addresses, first, last)


def wisher(
    uid: str, *wishes: Wish, owner: Key = WEB, ordinal: int = 0, held: frozenset[tuple[int, Bind]] = frozenset()
) -> Wisher:
    return Wisher(uid, owner, ordinal, wishes or (wish(),), held)


def ports(answer: tuple[Grant, ...] | Refusal) -> list[int]:
    assert not isinstance(answer, Refusal), answer.message
    return [grant.port for grant in answer]


def message(answer: tuple[Grant, ...] | Refusal) -> str:
    assert isinstance(answer, Refusal)
    return answer.message


def test_replicas_share_their_port() -> None:
    answers = allocate([wisher("a"), wisher("b", ordinal=1)], {})
    assert ports(answers["a"]) == ports(answers["b"]) == [8080]


def test_another_project_is_told_who_has_the_port() -> None:
    answers = allocate([wisher("a"), wisher("b", owner=SHOP)], {})
    assert message(answers["b"]) == "port 8080/tcp of the host is published by web of the project blog already"


@pytest.mark.parametrize(
    ("one", "other", "both"),
    [
        pytest.param(("0.0.0.0",), ("127.0.0.1",), False, id="all addresses and one of them"),
        pytest.param(("10.0.0.1",), ("127.0.0.1",), True, id="two addresses"),
        pytest.param(("0.0.0.0",), ("::1",), True, id="two families"),
        pytest.param(("::",), ("::1",), False, id="all IPv6 addresses and one of them"),
    ],
)
def test_addresses_overlap_as_sockets_do(one: tuple[str, ...], other: tuple[str, ...], both: bool) -> None:
    answers = allocate([wisher("a", wish(addresses=one)), wisher("b", wish(addresses=other), owner=SHOP)], {})
    assert isinstance(answers["b"], Refusal) is not both


def test_tcp_and_udp_do_not_meet() -> None:
    answers = allocate([wisher("a"), wisher("b", wish(proto="udp"), owner=SHOP)], {})
    assert ports(answers["b"]) == [8080]


def test_who_holds_a_port_goes_before_who_came_earlier() -> None:
    held = frozenset({(80, Bind("0.0.0.0", 8080, "tcp")), (80, Bind("::", 8080, "tcp"))})
    answers = allocate([wisher("a"), wisher("b", owner=SHOP, held=held)], {})
    assert isinstance(answers["a"], Refusal)
    assert ports(answers["b"]) == [8080]


def test_what_the_host_refuses_is_said_as_it_is() -> None:
    answers = allocate([wisher("a")], {Bind("0.0.0.0", 8080, "tcp"): "taken by nginx (pid 7)"})
    assert message(answers["a"]) == "taken by nginx (pid 7)"


def test_all_of_its_ports_or_none() -> None:
    taken = {Bind("::", 81, "tcp"): "taken"}
    answers = allocate([wisher("a", wish(80), wish(81)), wisher("b", wish(80), owner=SHOP)], taken)
    assert isinstance(answers["a"], Refusal)
    assert ports(answers["b"]) == [80]


def test_a_port_named_twice_is_refused() -> None:
    answers = allocate([wisher("a", wish(80), wish(80, to=81))], {})
    assert message(answers["a"]) == "port 80/tcp of the host is named twice"


def test_of_a_range_each_replica_gets_its_own_and_then_they_share() -> None:
    answers = allocate([wisher(str(n), wish(8000, 8002), ordinal=n) for n in range(4)], {})
    assert [ports(answers[str(n)])[0] for n in range(4)] == [8000, 8001, 8002, 8000]


def test_of_a_range_what_is_taken_is_passed_over() -> None:
    answers = allocate([wisher("a", wish(8000, 8002))], {Bind("::", 8000, "tcp"): "taken"})
    assert ports(answers["a"]) == [8001]


def test_the_successor_of_a_replica_gets_its_port_of_the_range() -> None:
    answers = allocate([wisher("old", wish(8000, 8002)), wisher("new", wish(8000, 8002))], {})
    assert ports(answers["old"]) == ports(answers["new"]) == [8000]


def test_a_range_without_a_free_port_says_so() -> None:
    taken = {Bind("0.0.0.0", port, "tcp"): f"{port} is taken" for port in (8000, 8001)}
    answers = allocate([wisher("a", wish(8000, 8001))], taken)
    assert message(answers["a"]) == "no port from 8000 to 8001 is free: 8000 is taken"


def test_any_port_is_the_same_for_all_replicas_and_every_time() -> None:
    first, again = (allocate([wisher("a", wish(None)), wisher("b", wish(None), ordinal=1)], {}) for _ in range(2))
    assert ports(first["a"]) == ports(first["b"]) == ports(again["a"])
    assert ports(first["a"])[0] in ANY_PORT


def test_any_port_stays_what_it_was() -> None:
    held = frozenset({(80, Bind("0.0.0.0", 30_007, "tcp")), (80, Bind("::", 30_007, "tcp"))})
    answers = allocate([wisher("a", wish(None)), wisher("b", wish(None), ordinal=1, held=held)], {})
    assert ports(answers["a"]) == ports(answers["b"]) == [30_007]


owners = st.sampled_from([WEB, SHOP, Key("blog", "db")])
addresses = st.sampled_from([ALL, ("0.0.0.0",), ("127.0.0.1",), ("::1",), ("10.0.0.1",)])
wishes = st.builds(
    lambda first, more, where, to: Wish(to, "tcp", where, first, None if first is None or not more else first + more),
    st.one_of(st.none(), st.integers(80, 84)),
    st.integers(0, 2),
    addresses,
    st.integers(1, 3),
)
World = list[tuple[Key, int, list[Wish]]]
worlds = st.lists(st.tuples(owners, st.integers(0, 3), st.lists(wishes, min_size=1, max_size=3)), max_size=8)
refusals = st.sets(
    st.builds(Bind, st.sampled_from(["0.0.0.0", "::", "127.0.0.1"]), st.integers(80, 84), st.just("tcp"))
)


def made(world: World, held: dict[str, frozenset[tuple[int, Bind]]]) -> list[Wisher]:
    return [
        Wisher(str(index), owner, ordinal, tuple(each), held.get(str(index), frozenset()))
        for index, (owner, ordinal, each) in enumerate(world)
    ]


@given(worlds, refusals)
@example([(WEB, 0, [wish(None, to=1)]), (WEB, 1, [wish(81, 82, to=1), wish(80, 81, to=1)])], set())
def test_no_port_has_two_owners_and_everything_held_is_kept(world: World, refused: set[Bind]) -> None:
    taken = dict.fromkeys(refused, "taken")
    answers = allocate(made(world, {}), taken)
    granted = {uid: answer for uid, answer in answers.items() if not isinstance(answer, Refusal)}
    binds = [
        (world[int(uid)][0], uid, bind) for uid, grants in granted.items() for grant in grants for bind in grant.binds
    ]

    for owner, uid, bind in binds:
        assert bind not in taken
        for other_owner, other_uid, other in binds:
            if owner != other_owner:
                assert not bind.overlaps(other)
            if uid == other_uid and bind != other:
                assert not bind.overlaps(other)
    for uid, grants in granted.items():
        assert [grant.wish for grant in grants] == world[int(uid)][2]

    held = {uid: leads(grants) for uid, grants in granted.items()}
    again = allocate(made(world, held), taken)
    for uid, bound in held.items():
        answer = again[uid]
        assert not isinstance(answer, Refusal)
        assert leads(answer) == bound


def leads(grants: tuple[Grant, ...]) -> frozenset[tuple[int, Bind]]:
    return frozenset((grant.wish.container_port, bind) for grant in grants for bind in grant.binds)
