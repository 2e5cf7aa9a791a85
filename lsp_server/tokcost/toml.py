"""TOML that others wrote: what would keep the parser busy, or break it, is refused with a sentence."""

import tomllib
from typing import Any

_MOST_DOTS = 100
"""In one line. A key `a.a.a.…` costs the parser the square of its length."""


class TomlDamaged(ValueError):
    """The text cannot be understood; the message is the reason, on one line."""


def read_toml(data: bytes) -> dict[str, Any]:
    """The tables of a file. Raises `TomlDamaged`."""
    if any(line.count(b".") > _MOST_DOTS for line in data.split(b"\n")):
        raise TomlDamaged(f"a line has more than {_MOST_DOTS} dots")
    try:
        return tomllib.loads(data.decode("utf-8"))
    except UnicodeDecodeError as error:
        raise TomlDamaged(f"byte {error.start} is not UTF-8") from error
    except tomllib.TOMLDecodeError as error:
        raise TomlDamaged(ascii(str(error))[1:-1][:200]) from error
    except RecursionError as error:
        raise TomlDamaged("it is nested too deeply") from error
    except ValueError as error:  # what Python says of an integer of 5,000 digits, or of the 31st of February
        raise TomlDamaged("it has a number or a date that cannot be") from error
