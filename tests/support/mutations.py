"""Inputs that nobody writes, made of inputs that programs write: seeded, so that a failure can be told again."""

import json
from collections.abc import Sequence
from random import Random
from typing import Any, cast

_PIECES = (
    *(b"null", b"-1", b"1e999", b"NaN", b"9" * 400, b"9223372036854775808", b"{", b"}", b"[" * 200, b"]", b'"', b"\\"),
    *(b"\x00", b"\xff\xfe", b"\xed\xa0\x80", b"\\ud800", b"\r\n", b"\n", b"\n\n", b"\xef\xbb\xbf", b",", b":", b"."),
    *(b"true", b"=", b"#", b"'", b'"""', b"\t", b" " * 50, "é中\u202e".encode(), b"\x1b[31m", b"0x", b"1970-01-01"),
)
_VALUES: tuple[Any, ...] = (
    *(None, True, False, 0, -1, 1, 2**31, 2**53, 2**63, 10**40, -(2**63), 0.5, -0.0, 1e300, 1e308),
    *("", "x", "-", "claude-opus-4-5", "/", "/r/\x00", "\ud800", "x" * 2000, "2026-09-01T00:00:00Z", "9999-99-99"),
    *([], {}, [[]], [None], {"": None}, {"usage": {}}, [1, "2", {}], "1e5", "١٢"),
)
_MOST = 6_000
"""Bytes of an input that is made longer."""


class Mutations:
    """Makes inputs of others."""

    def __init__(self, seed: str) -> None:
        self.chance = Random(seed)

    def of_bytes(self, data: bytes) -> bytes:
        """Some bytes are other ones, are gone, stand twice or elsewhere."""
        chance, found = self.chance, bytearray(data)
        for _ in range(chance.choice((1, 1, 1, 2, 3, 8))):
            at, end = (sorted(chance.randrange(len(found) + 1) for _ in range(2))) if found else (0, 0)
            end = min(end, at + chance.choice((1, 4, 40, 400)))
            match chance.randrange(6):
                case 0 if found:
                    found[min(at, len(found) - 1)] ^= chance.randrange(1, 256)
                case 1:
                    del found[at:end]
                case 2 if len(found) < _MOST:
                    found[at:at] = found[at:end]
                case 3:
                    del found[at : None if chance.random() < 0.3 else end]
                case 4 if len(found) < _MOST:
                    found[at:at] = found[chance.randrange(len(found) + 1) :][: chance.choice((1, 10, 200))]
                case _:
                    found[at:at] = chance.choice(_PIECES)
        return bytes(found)

    def of_line(self, line: bytes) -> bytes:
        """A line of JSON in which a value or a name is another one; other bytes where it is no JSON."""
        if self.chance.random() < 0.4:
            return self.of_bytes(line)
        try:
            value = json.loads(line)
        except ValueError:
            return self.of_bytes(line)
        for _ in range(self.chance.choice((1, 1, 2, 4))):
            value = self.of_value(value)
        return json.dumps(value, ensure_ascii=self.chance.random() < 0.5).encode("utf-8", "surrogatepass")

    def of_value(self, value: Any) -> Any:
        """A value of JSON in which one inside is another one, is gone, or has another name."""
        chance = self.chance
        if isinstance(value, dict) and value and chance.random() < 0.9:
            fields = dict(cast("dict[str, Any]", value))
            name = chance.choice(list(fields))
            kind = chance.random()
            if kind < 0.1:
                del fields[name]
            elif kind < 0.15:
                other = chance.choice([*fields, "x"])
                fields[other] = fields.pop(name)
            else:
                fields[name] = self.of_value(fields[name])
            return fields
        if isinstance(value, list) and value and chance.random() < 0.9:
            items = list(cast("list[Any]", value))
            at = chance.randrange(len(items))
            items[at : at + 1] = [self.of_value(items[at])] * chance.choice((1, 1, 1, 0, 2))
            return items
        if isinstance(value, int) and not isinstance(value, bool) and chance.random() < 0.5:
            return value + chance.choice((-1, 1, -value, value, 10**9, -(10**12)))
        return chance.choice(_VALUES)

    def of_lines(self, lines: Sequence[bytes], most: int = 6) -> bytes:
        """A few lines of a log, one of which at least is another one, in an order that may be another one."""
        chance = self.chance
        start = chance.choice((0, chance.randrange(len(lines))))
        found = list(lines[start : start + chance.randint(1, most)])
        for _ in range(chance.choice((1, 1, 2))):
            at = chance.randrange(len(found))
            found[at] = self.of_line(found[at])
        if chance.random() < 0.2:
            chance.shuffle(found)
        if chance.random() < 0.2:
            found.append(chance.choice(found))
        return b"\n".join(found) + (b"\n" if chance.random() < 0.9 else b"")
