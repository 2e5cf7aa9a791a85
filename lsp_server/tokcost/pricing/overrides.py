"""Prices the user, a repository or we ourselves know better than the source of rates (format:
`data/overrides.toml`)."""

import tomllib
from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime
from decimal import Decimal, InvalidOperation
from fnmatch import fnmatchcase
from functools import cache
from hashlib import blake2b
from pathlib import Path
from typing import Any, NamedTuple

from tokcost.errors import SettingsDamaged
from tokcost.model.money import ATTO_PER_USD_MTOK
from tokcost.pricing.cards import DAY_MINUTES, ModelCards, RateCard, Rates, Step

_RATES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")
_KEYS = {"match", "provider", "context", "from", "until", "web_search", "discount", "note", *_RATES}


class Override(NamedTuple):
    """One `[[price]]` table."""

    match: str
    provider: str
    context: str
    from_ms: int | None
    until_ms: int | None
    rates: Mapping[str, int]
    """Atto-dollars by field name of `Rates`; only those that differ."""
    discount: Decimal
    note: str
    basis: str
    """`override/` and a digest of the file's content."""


def bundled() -> tuple[Override, ...]:
    """The corrections that come with tokcost."""
    return load_overrides(Path(__file__).parent / "data" / "overrides.toml")


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


def apply(model: ModelCards, overrides: Iterable[Override]) -> ModelCards:
    """The model's cards with what the overrides say put on top."""
    for override in overrides:
        if _concerns(override, model):
            model = _applied(model, override)
    return model


def _concerns(override: Override, model: ModelCards) -> bool:
    provider, _, name = model.source.partition("/")
    if not model.source:
        provider, name = model.provider, model.model
    pattern = override.match.lower()
    by_name = fnmatchcase(name.lower(), pattern) or fnmatchcase(model.model.lower(), pattern)
    return by_name and override.provider in ("", provider)


def _applied(model: ModelCards, override: Override) -> ModelCards:
    """Later cards win, so each card that can hold at the same time is repeated behind, changed and cut to the
    override's span. Where there is none (an unknown model, an unknown way of being served), the override stands
    alone."""
    base = [card for card in model.cards if card.context == override.context]
    added = [cut for card in base if (cut := _cut(card, override)) is not None]
    if not base and {"input", "output"} <= override.rates.keys():
        standard = Rates(0, 0, 0, 0, 0)
        if "cache_read" not in override.rates:
            standard = standard._replace(cache_read=override.rates["input"])
        card = RateCard(override.context, None, None, 0, DAY_MINUTES, (Step(-1, standard),))
        added = [cut] if (cut := _cut(card, override)) is not None else []
    if not added:
        return model
    basis = model.basis if override.basis in model.basis else f"{model.basis} {override.basis}".strip()
    state = "priced" if model.state != "priced" and not override.context else model.state
    return model._replace(cards=(*model.cards, *added), basis=basis, state=state)


def _cut(card: RateCard, override: Override) -> RateCard | None:
    from_ms = max((ms for ms in (card.from_ms, override.from_ms) if ms is not None), default=None)
    until_ms = min((ms for ms in (card.until_ms, override.until_ms) if ms is not None), default=None)
    if from_ms is not None and until_ms is not None and from_ms >= until_ms:
        return None
    steps = tuple(Step(step.above, _changed(step.rates, override)) for step in card.steps)
    return card._replace(from_ms=from_ms, until_ms=until_ms, steps=steps, note=override.note)


def _changed(rates: Rates, override: Override) -> Rates:
    changed = rates._replace(**override.rates)
    if override.discount == 1:
        return changed
    return Rates(*(int((rate * override.discount).to_integral_value()) for rate in changed))


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


def _factor(value: Any) -> Decimal:
    factor = Decimal(str(value))
    if not factor.is_finite() or factor < 0:
        raise ValueError(f"discount = {value} is no factor")
    return factor


def _day_ms(name: str, value: Any) -> int | None:
    if value is None:
        return None
    if isinstance(value, datetime) or not isinstance(value, date):
        raise ValueError(f"{name} = {value} is no day (write it without quotes: 2026-10-07)")
    return int(datetime(value.year, value.month, value.day, tzinfo=UTC).timestamp() * 1000)
