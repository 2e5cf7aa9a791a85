"""The TOML files with price overrides.

A repository's file may come from anybody: numbers are validated as text, before anything is computed with them.
"""

import re
from collections.abc import Mapping
from datetime import UTC, date, datetime
from decimal import Decimal
from functools import lru_cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, cast

from tokcost.errors import SettingsDamaged, of_file
from tokcost.files.foreign import read_bounded, shown
from tokcost.files.toml import read_toml
from tokcost.model.money import ATTO_PER_USD_MTOK
from tokcost.model.near import did_you_mean
from tokcost.model.usage import MAX_TOKENS
from tokcost.pricing.cards import MOST_USD
from tokcost.pricing.overrides import Override

MOST_TABLES = 200
MOST_CHARACTERS = 200
"""In a name, a pattern or a note."""
MOST_DISCOUNT = 10

_RATES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
_TEXTS = ("match", "provider", "context", "note", "geo")
_KEYS = {"from", "until", "above", "web_search", "discount", *_TEXTS, *_RATES}
# Two digits of exponent, since `Decimal("1e900000")` is a valid text and computing with it kept a commit busy for a
# minute.
_NUMBER = re.compile(r"[0-9]{1,9}(?:\.[0-9]{0,30})?(?:[eE][+-]?[0-9]{1,2})?|\.[0-9]{1,30}")


def load_overrides(path: Path) -> tuple[Override, ...]:
    """The `[[price]]` tables of a TOML file; empty if there is no file. Raises `SettingsDamaged` with the file and
    the reason."""
    try:
        content = read_bounded(str(path))
    except FileNotFoundError:
        return ()
    except OSError as error:
        raise of_file(path, "cannot be read", error, SettingsDamaged) from error
    return parse_overrides(path, content)


@lru_cache(16)
def parse_overrides(path: Path, content: bytes) -> tuple[Override, ...]:
    """The `[[price]]` tables in the content of a file; `path` is for messages. Raises as `load_overrides`."""
    try:
        tables = read_toml(content).get("price", [])
        if not isinstance(tables, list):
            raise ValueError("price is not a list of tables (write [[price]])")
        found = cast(list[Any], tables)
        if len(found) > MOST_TABLES:
            raise ValueError(f"there are {len(found):,}, and at most {MOST_TABLES} are allowed")
        basis = f"override/{blake2b(content, digest_size=6).hexdigest()}"
        return tuple(_override(table, basis) for table in found)
    except ValueError as error:
        raise SettingsDamaged(
            f"{path} has a price that cannot be parsed: {error}",
            "See `tokcost prices --help` or docs/prices.md for the format.",
        ) from error


def _override(table: Any, basis: str) -> Override:
    if not isinstance(table, dict):
        raise ValueError("price is not a list of tables (write [[price]])")
    said = cast(Mapping[str, Any], table)
    unknown = said.keys() - _KEYS
    if unknown:
        near = did_you_mean(min(unknown), _KEYS)
        raise ValueError(f"unknown key {shown(min(unknown))} (known: {', '.join(sorted(_KEYS))}){near}")
    if "match" not in said:
        raise ValueError('a [[price]] needs match = "NAME"')
    match, provider, context, note, geo = (_text(name, said.get(name, "")) for name in _TEXTS)
    rates = {name: _atto(name, said[name], 1) for name in _RATES if name in said}
    if "web_search" in said:
        rates["web_search"] = _atto("web_search", said["web_search"], 1000)
    from_ms, until_ms = (_day_ms(name, said.get(name)) for name in ("from", "until"))
    discount, above = _factor(said.get("discount", "1")), _tokens("above", said.get("above", -1))
    if geo and (rates or context or "above" in said):
        raise ValueError("geo is allowed only with discount, a factor on every token rate")
    return Override(
        match, provider.lower(), context, from_ms, until_ms, rates, discount, note, basis, above, geo.lower()
    )


def _text(name: str, value: Any) -> str:
    if not isinstance(value, str):
        raise ValueError(f"{name} = {shown(value)} is not a text in quotes")
    if len(value) > MOST_CHARACTERS:
        raise ValueError(f"{name} has more than {MOST_CHARACTERS} characters")
    return value


def _atto(name: str, value: Any, factor: int) -> int:
    dollars = _number(value)
    if dollars is None:
        raise ValueError(f"{name} = {shown(value)} is not a price")
    if dollars > MOST_USD:
        raise ValueError(f"{name} = {shown(value)} is more than {MOST_USD:,} US dollars")
    atto = int((dollars * ATTO_PER_USD_MTOK * factor).to_integral_value())
    # Rounded to nothing, it would make the model free.
    if dollars and not atto:
        raise ValueError(f"{name} = {shown(value)} is too small")
    return atto


def _tokens(name: str, value: Any) -> int:
    if type(value) is not int or not -1 <= value < MAX_TOKENS:
        raise ValueError(f"{name} = {shown(value)} is not a number of tokens")
    return value


def _factor(value: Any) -> str:
    factor = _number(value)
    if factor is None or factor > MOST_DISCOUNT:
        raise ValueError(f"discount = {shown(value)} is not a factor from 0 to {MOST_DISCOUNT}")
    # One notation for no factor: `overrides.py` compares with "1" to leave rates untouched.
    return "1" if factor == 1 else str(factor)


def _number(value: Any) -> Decimal | None:
    """A non-negative decimal number, if the text is one with few digits."""
    if isinstance(value, bool) or not isinstance(value, str | int | float):
        return None
    if isinstance(value, int) and value.bit_length() > 64:  # not even worth writing down
        return None
    text = str(value).strip() if not isinstance(value, str) or len(value) <= MOST_CHARACTERS else ""
    return Decimal(text) if _NUMBER.fullmatch(text) else None


def _day_ms(name: str, value: Any) -> int | None:
    if value is None:
        return None
    # A datetime is a date for Python, and its time of day would be lost silently.
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError(f"{name} = {shown(value)} is not a day (write it without quotes: 2026-10-07)")
    return int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000)
