"""Patterns mean what they mean to RE2, or are refused."""

import pytest

from fizz.apiserver.kinds.patterns import compile_pattern


@pytest.mark.parametrize(
    ("pattern", "matches", "fails"),
    [
        pytest.param("b", ["abc"], ["ac"], id="anywhere in the text"),
        pytest.param("^a$", ["a"], ["a\n", "ba"], id="$ is the end of the text"),
        pytest.param(r"^a\z", ["a"], ["a\n"], id="z is the end of the text"),
        pytest.param("(?m)^a$", ["a\nb"], ["ab"], id="multi-line"),
        pytest.param("(?m:^a$)$", ["b\na"], ["a\nb"], id="multi-line in a group"),
        pytest.param(r"^\d+$", ["12"], ["١٢"], id="digits are ASCII"),
        pytest.param(r"^\w$", ["a"], ["é"], id="word characters are ASCII"),
        pytest.param("^[[:alpha:]_]+$", ["aB_"], ["a1"], id="POSIX class"),
        pytest.param("^[^[:space:]]+$", ["ab"], ["a b"], id="POSIX class in a negated class"),
        pytest.param("^[]a]+$", ["]a"], ["b"], id="bracket first in a class"),
        pytest.param("^[a[]+$", ["[a"], ["b"], id="open bracket in a class"),
        pytest.param(r"^[\d\-]+$", ["1-2"], ["a"], id="escapes in a class"),
        pytest.param(r"^\x41\x{1F600}$", ["A\U0001f600"], ["A"], id="characters by number"),
        pytest.param(r"^\Qa.b\E+$", ["a.bb"], ["axb"], id="literal text"),
        pytest.param(r"^\Qa.b", ["a.b"], ["axb"], id="literal text to the end"),
        pytest.param("^(?P<x>a)(?<y>b)$", ["ab"], ["a"], id="named groups"),
        pytest.param("(?i)^foo$", ["FOO"], ["bar"], id="flags in front"),
        pytest.param("^a(?i)b|c$", ["aB", "C"], ["Ab", "d"], id="flags across alternatives"),
        pytest.param("^(a(?i)b)c$", ["aBc"], ["aBC"], id="flags end with their group"),
        pytest.param("^a(?i:b)c$", ["aBc"], ["aBC"], id="flags of a group"),
        pytest.param("(?i)a(?-i)b", ["Ab"], ["AB"], id="flags switched off"),
        pytest.param("^a{,2}$", ["a{,2}"], ["aa"], id="no lower bound is no repetition"),
        pytest.param("^a{2}b{1,2}c{1,}?$", ["aabc"], ["abc"], id="repetitions"),
        pytest.param("^a{x$", ["a{x"], ["a"], id="brace alone"),
        pytest.param(r"^\.\*$", [".*"], ["a"], id="escaped punctuation"),
    ],
)
def test_patterns_find_what_re2_finds(pattern: str, matches: list[str], fails: list[str]) -> None:
    found = compile_pattern(pattern)
    assert [text for text in matches if not found(text)] == []
    assert [text for text in fails if found(text)] == []


@pytest.mark.parametrize(
    "pattern",
    [
        "(?=a)", "(?!a)", "(?<=a)", "(?<!a)", "(?>a)", "(?P=x)", "(?(1)a)", "(?#a)", "(?U)a", "(?)", "a++", "a*+",
        "a**", "a{2}{3}", "a{1001}", r"(a)\1", r"\Z", r"\q", r"\pL", r"\p{Greek}", r"\x", r"\x{110000}",
        "a\\", "(", ")", "(a", "[a", "[[:odd:]]", "[[:^alpha:]]", "*a", "[b-a]", "(?P<x>a)(?P<x>b)",
    ],
)  # fmt: skip
def test_what_re2_does_not_know_is_refused(pattern: str) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 - the words are those of the part that found it
        compile_pattern(pattern)
