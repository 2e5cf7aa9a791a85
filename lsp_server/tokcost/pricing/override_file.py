"""The TOML files that overrides are written in."""

import tomllib
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any

from tokcost.errors import SettingsDamaged
from tokcost.model.money import ATTO_PER_USD_MTOK
from tokcost.pricing.overrides import Override

_RATES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
_KEYS = {"match", "provider", "context", "from", "until", "web_search", "discount", "note", *_RATES}


@cache
def load_overrides(path: Path) -> tuple[Override, ...]:
    """The `[[price]]` tables of a TOML file; none if there is no file.

    Raises `SettingsDamaged` with the file and the reason.
    """
    try:
        content = path.read_bytes()
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise SettingsDamaged(f"{path} cannot be read: {error.strerror}") from error
    return _parsed(path, content)


def _parsed(path: Path, content: bytes) -> tuple[Override, ...]:
    try:
        tables: Any = tomllib.loads(content.decode()).get("price", [])
        basis = f"override/{blake2b(content, digest_size=6).hexdigest()}"
        return tuple(_override(table, basis) for table in tables)
    except (
        tomllib.TOMLDecodeError,
        UnicodeDecodeError,
        ValueError,
        TypeError,
        AttributeError,
        InvalidOperation,
    ) as error:
        raise SettingsDamaged(
            f"{path} has a price that cannot be understood: {error}", "See `tokcost prices --help` for the format."
        ) from error


def _override(table: Mapping[str, Any], basis: str) -> Override:
    unknown = table.keys() - _KEYS
    if unknown:
        raise ValueError(f"unknown key {sorted(unknown)[0]!r} (known: {', '.join(sorted(_KEYS))})")
    if not isinstance(table.get("match"), str):
        raise ValueError('a [[price]] needs match = "NAME"')
    rates = {name: _atto(name, table[name], 1) for name in _RATES if name in table}
    if "web_search" in table:
        rates["web_search"] = _atto("web_search", table["web_search"], 1000)
    return Override(
        table["match"],
        str(table.get("provider", "")).lower(),
        str(table.get("context", "")),
        _day_ms("from", table.get("from")),
        _day_ms("until", table.get("until")),
        rates,
        _factor(table.get("discount", "1")),
        str(table.get("note", "")),
        basis,
    )


def _atto(name: str, value: Any, factor: int) -> int:
    dollars = Decimal(str(value))
    if not dollars.is_finite() or dollars < 0:
        raise ValueError(f"{name} = {value} is no price")
    return int((dollars * ATTO_PER_USD_MTOK * factor).to_integral_value())


def _factor(value: Any) -> str:
    factor = Decimal(str(value))
    if not factor.is_finite() or factor < 0:
        raise ValueError(f"discount = {value} is no factor")
    return "1" if factor == 1 else str(factor)


def _day_ms(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError(f"{name} = {value} is no day (write it without quotes: 2026-10-07)")
    return int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000)
