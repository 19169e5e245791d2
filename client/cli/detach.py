"""The keys that leave a terminal without ending what runs in it: `ctrl-p,ctrl-q`, `ctrl-@`, `a,b,ctrl-[`. Pure."""

import re
from typing import Final

__all__ = ["DEFAULT_KEYS", "DetachKeys", "parse_keys"]

DEFAULT_KEYS: Final = "ctrl-p,ctrl-q"
_KEY: Final = re.compile(r"ctrl-([a-zA-Z@\[\\\]^_])|(.)")


def parse_keys(text: str) -> bytes:
    """The bytes that the keys send. Raises `ValueError`, which names what is none."""
    found = []
    for word in text.split(","):
        match = _KEY.fullmatch(word)
        if match is None or not word.isascii():
            raise ValueError(f"{word!r} is no key: write a character, or ctrl- and a letter or one of @ [ \\ ] ^ _")
        control, plain = match.groups()
        found.append(ord(control.upper()) - 64 if control else ord(plain))
    return bytes(found)


class DetachKeys:
    """Looks for the keys in what is typed. What may be their beginning is held back until it is known.

    Typed `a`, ctrl-p, ctrl-q: `a` is passed on; then nothing; then `is_complete`.
    """

    def __init__(self, keys: bytes) -> None:
        self._keys, self._seen = keys, 0
        self.is_complete = False

    def feed(self, typed: bytes) -> bytes:
        """What is to be passed on of it; nothing behind the keys."""
        passed = bytearray()
        for code in typed:
            if self._keys and code == self._keys[self._seen]:
                self._seen += 1
                if self._seen == len(self._keys):
                    self.is_complete = True
                    break
                continue
            passed += self._keys[: self._seen]
            self._seen = 1 if self._keys and code == self._keys[0] else 0
            if not self._seen:
                passed.append(code)
        return bytes(passed)
