"""TOML written by others: input that would occupy the parser for long, or break it, is refused with a sentence."""

import tomllib
from typing import Any

_MOST_DOTS = 100
"""The maximum number of dots in one line: a key `a.a.a.…` takes the parser quadratic time."""
_MOST_STEPS = 1_000_000
"""The maximum number of steps that the parser takes from table to table; a few tenths of a second."""


class TomlDamaged(ValueError):
    """The text cannot be parsed; the message is the reason, on one line."""


def read_toml(data: bytes) -> dict[str, Any]:
    """The tables of a file. Raises `TomlDamaged`."""
    lines = data.split(b"\n")
    if any(line.count(b".") > _MOST_DOTS for line in lines):
        raise TomlDamaged(f"a line has more than {_MOST_DOTS} dots")
    if _steps(lines) > _MOST_STEPS:
        raise TomlDamaged("it has too many keys within keys (`a.b.c`)")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise TomlDamaged(f"byte {error.start} is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise TomlDamaged(ascii(str(error))[1:-1][:200]) from error
    except RecursionError as error:
        raise TomlDamaged("it is nested too deeply") from error
    except ValueError as error:  # Python's errors for an integer of 5,000 digits, or for the 31st of February
        raise TomlDamaged("it has an impossible number or date") from error


def _steps(lines: list[bytes]) -> int:
    """The maximum number of tables that the parser visits: for each part of a key, those of the header and those of the
    key.

    Every dot counts, including one in a string, and for every line the longest header: text that looks like a header
    may be part of a multi-line string, and must not hide the one before it.
    """
    header = max((line.count(b".") for line in lines if line.lstrip().startswith(b"[")), default=0)
    dots = [line.count(b".") for line in lines if line.strip()]
    return sum((own + 1) * (header + own + 1) for own in dots)
