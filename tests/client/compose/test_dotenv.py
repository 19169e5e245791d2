"""Files of variables are read as compose reads them."""

import pytest

from fizz.client.compose.dotenv import DotenvError, parse_dotenv, parse_raw

VALUES = {"FOO": "foo"}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("A=1\nB=two words\n", {"A": "1", "B": "two words"}),
        ("  A = 1  \n\tB\t=\t2\n", {"A": "1", "B": "2"}),
        ("# c\n\nA=1 # c\nB=x#y\nC=#c\nD= # c\n", {"A": "1", "B": "x#y", "C": "#c", "D": "# c"}),
        ("A=\nB=\n", {"A": "", "B": ""}),
        ("A: b\nB : c\nC:d\n", {"A": "b", "B": "c", "C": "d"}),
        ("export A=1\nexport  B=2\nexportC=3\nexport=4\n", {"A": "1", "B": "2", "exportC": "3", "export": "4"}),
        ("FOO\nexport FOO\nNOPE\n", {"FOO": "foo"}),
        ("A='as $FOO \\n is'\nB='it\\'s'\nC='a\\\\'\n", {"A": "as $FOO \\n is", "B": "it's", "C": "a\\\\"}),
        ('A="with $FOO"\nB="a\\"b"\n', {"A": "with foo", "B": 'a"b'}),
        ('A="\\\\$FOO"\nB="\\$FOO"\nC="\\\\\\$FOO"\n', {"A": "\\foo", "B": "$FOO", "C": "\\$FOO"}),
        ('A="a\\tb\\nc\\rd\\ae\\x"\nB="\\0101 \\061"\n', {"A": "a\tb\nc\rd\ae\\x", "B": "A \\61"}),
        ("A='two\nlines'\nB=\"two\n$FOO\"\n", {"A": "two\nlines", "B": "two\nfoo"}),
        ("A=\"x\" # c\nB='y'\n", {"A": "x", "B": "y"}),
        ("A=a'b'c\nB=a\"b\"\n", {"A": "a'b'c", "B": 'a"b"'}),
        ("A=1\nB=${A}x\nC=$FOO-${NOPE:-d}$$y\n", {"A": "1", "B": "1x", "C": "foo-d$y"}),
        ("FOO=mine\nB=$FOO\n", {"FOO": "mine", "B": "foo"}),
        ("A-B=1\nC.D=2\nE[0]=3\né=4\n", {"A-B": "1", "C.D": "2", "E[0]": "3", "é": "4"}),
        ("\ufeffA=1\r\nB=2\r\n", {"A": "1", "B": "2"}),
        ("A=a\\nb\\ c\n", {"A": "a\\nb\\ c"}),
        ("=x\n", {"": "x"}),
        ("A=last", {"A": "last"}),
        ("", {}),
    ],
    ids=[
        "plain", "spaces", "comments", "empty", "colons", "export", "without-value", "single-quotes", "double-quotes",
        "dollars", "escapes", "several-lines", "comment-after-quotes", "quotes-inside", "variables",
        "environment-first", "names", "byte-order-mark-and-crlf", "backslashes", "no-name", "no-line-end", "nothing",
    ],
)  # fmt: skip
def test_a_file_of_variables(text: str, found: dict[str, str]) -> None:
    assert parse_dotenv(text, VALUES.get) == found


def test_earlier_files_come_last_when_variables_are_looked_up() -> None:
    assert parse_dotenv("A=2\nQ=$A$B\n", VALUES.get, earlier={"A": "1", "B": "b"}) == {"A": "2", "Q": "2b"}


def test_variables_without_value_are_reported() -> None:
    missing: list[str] = []
    parse_dotenv("A=$NOPE\n", VALUES.get, missing.append)
    assert missing == ["NOPE"]


@pytest.mark.parametrize(
    ("text", "line", "column", "message"),
    [
        ("A=1\nB C=2\n", 2, 1, 'the name "B C" contains a space'),
        ("A=1\n  B!=2\n", 2, 4, 'the character "!" cannot be in a name'),
        ('A=1\n\nB="x\ny\n', 3, 3, 'a quote is not closed: "x'),
        ("A=${B\n", 1, 3, 'the value has a variable without closing brace: "${B"'),
        ("A=${B:?why}\n", 1, 3, "the value needs the variable B: why"),
    ],
    ids=["space-in-name", "odd-character", "open-quote", "open-brace", "required"],
)
def test_what_is_wrong_has_a_place(text: str, line: int, column: int, message: str) -> None:
    with pytest.raises(DotenvError) as raised:
        parse_dotenv(text, VALUES.get)
    assert (raised.value.line, raised.value.column, str(raised.value)) == (line, column, message)


def test_a_raw_file_is_taken_as_it_is() -> None:
    text = '# c\nA="x" # $FOO\n\nFOO\nNOPE\n  B= y \n'
    assert parse_raw(text, VALUES.get) == {"A": '"x" # $FOO', "FOO": "foo", "B": " y "}


@pytest.mark.parametrize(
    ("text", "message"), [("A B=1\n", 'the name "A B" contains whitespace'), ("=1\n", "a variable without a name")]
)
def test_a_raw_file_has_names_without_spaces(text: str, message: str) -> None:
    with pytest.raises(DotenvError, match=message):
        parse_raw(text, VALUES.get)
