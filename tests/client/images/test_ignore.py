"""Pattern lists as moby/patternmatcher reads them; the table's rows are facts about that library."""

import pytest

from fizz.client.images import Ignore, IgnoreError


@pytest.mark.parametrize(
    ("patterns", "path", "ignored"),
    [
        ("a.txt", "a.txt", True),
        ("a.txt", "sub/a.txt", False),
        ("/a.txt", "a.txt", True),
        ("./a.txt", "a.txt", True),
        ("x/../a.txt", "a.txt", True),
        ("  a.txt  ", "a.txt", True),
        ("# a.txt", "# a.txt", False),
        (" # a.txt", "# a.txt", True),
        ("node_modules", "node_modules/x/y.js", True),
        ("node_modules/", "node_modules/x", True),
        ("node_modules", "sub/node_modules/x", False),
        ("**/node_modules", "sub/deep/node_modules/x", True),
        ("**/node_modules", "node_modules", True),
        ("*.log", "a.log", True),
        ("*.log", "sub/a.log", False),
        ("**/*.log", "sub/deep/a.log", True),
        ("**/*.log", "a.log", True),
        ("**.log", "a.log", True),
        ("**foo", "sub/xfoo", True),
        ("abc**", "abcd/e", True),
        ("a/**", "a/b/c", True),
        ("a/**", "a", False),
        ("**", "anything/at/all", True),
        ("a/**/z", "a/z", True),
        ("a/**/z", "a/b/c/z", True),
        ("a?c", "abc", True),
        ("a?c", "a/c", False),
        ("[a-c].txt", "b.txt", True),
        ("[^a-c].txt", "b.txt", False),
        ("[^a-c].txt", "z.txt", True),
        (r"\*.txt", "*.txt", True),
        (r"\*.txt", "a.txt", False),
        ("a+(b).$", "a+(b).$", True),
        ("*\n!keep.txt", "keep.txt", False),
        ("*\n!keep.txt", "other.txt", True),
        ("docs\n!docs/README.md", "docs/README.md", False),
        ("docs\n!docs/README.md", "docs/other.md", True),
        ("docs\n!docs/sub", "docs/sub/deep.md", False),
        ("!a\na", "a", True),
        ("*.md\n!README*.md\nREADME-secret.md", "README-secret.md", True),
        ("*.md\n!README*.md", "README-x.md", False),
        ("\ufeffa.txt", "a.txt", True),
        ("! a.txt", "a.txt", False),
        ("..", "a", False),
        ("é*", "étude", True),
    ],
)
def test_a_path_is_ignored_as_docker_ignores_it(patterns: str, path: str, ignored: bool) -> None:
    assert Ignore.of_file(patterns.encode())(path) is ignored


@pytest.mark.parametrize("line", ["!", "[", "[]", "a[b-", "[a-]", "x\\", "[-a]", "[^]"])
def test_a_malformed_pattern_is_named(line: str) -> None:
    with pytest.raises(IgnoreError, match=r'^"'):
        Ignore.of_file(line.encode())


def test_some_paths_can_be_kept() -> None:
    ignore = Ignore(["*"]).but("Dockerfile")

    assert [ignore(name) for name in ("Dockerfile", "other", "sub/Dockerfile")] == [False, True, True]


def test_only_exceptions_make_ignored_folders_worth_a_look() -> None:
    assert Ignore(["a", "!a/b"]).has_exceptions
    assert not Ignore(["a"]).has_exceptions
    assert not Ignore(["", " "])
