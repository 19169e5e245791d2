"""A command in one string is split into words as compose splits it."""

import pytest

from fizz.client.compose.spec.commands import split_command


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", []), ("   ", []), ("a", ["a"]), ("a b\tc\nd  e", ["a", "b", "c", "d", "e"]),
        ("sh -c 'echo \"x y\"'", ["sh", "-c", 'echo "x y"']), ('a"b c"d', ["ab cd"]), ("'' \"\"", ["", ""]),
        (r"a\ b \"c", ["a b", '"c']), (r"a\nb", ["a\nb"]), (r'"a\tb"', ["a\tb"]), (r"'a\nb'", [r"a\nb"]),
        ("a # b", ["a", "#", "b"]), ("$FOO ${BAR}", ["$FOO", "${BAR}"]),
        ("$(a b) `c d`", ["$(a b)", "`c d`"]), ("x=$(a (b", None), ("a (b) c", None), ("a 'b", None), ("a \\", None),
        ("a `b", None), ("'|;&<>'", ["|;&<>"]),
    ],
    ids=repr,
)  # fmt: skip
def test_words(text: str, words: list[str] | None) -> None:
    if words is None:
        with pytest.raises(ValueError, match=r"not closed|outside of quotes"):
            split_command(text)
    else:
        assert split_command(text) == (words, "")


@pytest.mark.parametrize(
    ("text", "words", "dropped"),
    [
        ("a | b", ["a"], "| b"), ("a;b", ["a"], ";b"), ("a && b", ["a"], "&& b"), ("a b<c", ["a", "b"], "<c"),
        ("run 2>log", ["run"], ">log"), ("run x>log", ["run", "x"], ">log"),
    ],
    ids=repr,
)  # fmt: skip
def test_a_shell_operator_ends_the_command(text: str, words: list[str], dropped: str) -> None:
    assert split_command(text) == (words, dropped)
