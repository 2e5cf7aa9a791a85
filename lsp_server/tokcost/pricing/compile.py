"""Rate cards from genai-prices, the source of our rates. This is the only module that imports it, and only when
necessary.

Instead of interpreting its price data a second time, we query its own resolution once for every span of time in which
the answer can differ; so cards agree with `genai_prices.calc_price` to the last digit. It never uses the network.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from hashlib import blake2b
from itertools import pairwise
from pathlib import Path
from typing import TYPE_CHECKING, Any

from tokcost.errors import SettingsDamaged, of_file
from tokcost.model.money import ATTO_PER_USD_MTOK
from tokcost.model.usage import MAX_TOKENS
from tokcost.pricing.cards import DAY_MINUTES, MOST_USD, ModelCards, PriceState, RateCard, Rates, RateStep
from tokcost.pricing.names import Candidate, candidates, without_price
from tokcost.pricing.tiers import with_earlier_tiers

if TYPE_CHECKING:
    from genai_prices.data_snapshot import DataSnapshot
    from genai_prices.types import ModelInfo, ModelPrice, Provider, TieredPrices

    Prices = dict[str, Decimal | TieredPrices | None]

_CONTEXTS: Mapping[str, tuple[Mapping[str, str], ...]] = {
    "fast": ({"speed": "fast"}, {"service_tier": "fast"}),
    "priority": ({"service_tier": "priority"},),
    "flex": ({"service_tier": "flex"},),
    "batch": ({"processing": "batch"},),
}
"""Our terms for service levels, with those of genai-prices."""

_FAST = "-fast"
_WHERE_FROM = "Use prices/data.json of the genai-prices repository, unchanged."

_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


def compile_from_source(pairs: Iterable[tuple[str, str]], price_file: Path | None = None) -> list[ModelCards]:
    """The rate cards of models from genai-prices, or from `price_file`, its published data in JSON. Raises
    `SettingsDamaged` if the file is not valid data."""
    snapshot, basis = _installed() if price_file is None else _imported(price_file)
    return [_compile(snapshot, basis, provider, model) for provider, model in pairs]


def count_models(price_file: Path) -> int:
    """The number of models with a price in a file of genai-prices' data. Raises `SettingsDamaged` if it is not valid
    data, or has no prices."""
    snapshot, _ = _imported(price_file)
    count = sum(bool(_cards(model)) for provider in snapshot.providers for model in provider.models)
    if not count:
        raise SettingsDamaged(f"{price_file} has no model with a price", _WHERE_FROM)
    return count


def known_names() -> list[str]:
    """The names of all models in genai-prices."""
    snapshot, _ = _installed()
    return sorted({model.id for provider in snapshot.providers for model in provider.models})


def names_of(provider: str) -> list[str]:
    """The names of one provider's models in genai-prices."""
    snapshot, _ = _installed()
    return sorted({model.id for one in snapshot.providers if one.id == provider for model in one.models})


def _installed() -> tuple["DataSnapshot", str]:
    from genai_prices import __version__, data, data_snapshot

    stamp = blake2b(Path(data.__file__).read_bytes(), digest_size=6).hexdigest()
    return data_snapshot.get_snapshot(), f"genai-prices/{__version__}+{stamp}"


def _imported(path: Path) -> tuple["DataSnapshot", str]:
    from genai_prices.data_snapshot import DataSnapshot

    try:
        content = path.read_bytes()
        providers = _providers(content)
    except OSError as error:
        raise of_file(path, "cannot be read", error, SettingsDamaged) from error
    except (ValueError, RecursionError) as error:
        # A pydantic error has many lines, with the file's own values in them.
        first = "it is nested too deeply" if isinstance(error, RecursionError) else str(error).splitlines()[0]
        raise SettingsDamaged(f"{path} is not a price file of genai-prices: {first}", _WHERE_FROM) from error
    stamp = blake2b(content, digest_size=6).hexdigest()
    return DataSnapshot(providers=providers, from_auto_update=False), f"genai-prices/file+{stamp}"


def _providers(content: bytes) -> list["Provider"]:
    """Providers from the JSON that genai-prices publishes: its public classes, validated by the types of their
    fields. Raises `ValueError` if the content is not valid."""
    from genai_prices.types import Provider
    from pydantic import ConfigDict, TypeAdapter

    raw = json.loads(content, object_hook=_object_reader())
    if not isinstance(raw, list):
        raise ValueError("it is not a list of providers")
    schema = TypeAdapter(list[Provider], config=ConfigDict(arbitrary_types_allowed=True))
    try:
        return schema.validate_python(raw)
    except (AssertionError, StopIteration) as error:  # genai-prices' own error for an invalid clause
        raise ValueError("a rule that matches names has no kind") from error


def _object_reader() -> Callable[[dict[str, Any]], dict[str, Any]]:
    """A hook of the JSON decoder for what the schema cannot express: a `ModelPrice` declares no fields, since it
    accepts a rate for any unit, and an invalid pattern would only be found when a name is looked up."""
    from genai_prices.types import ModelPrice, TieredPrices
    from pydantic import TypeAdapter

    rates = TypeAdapter(dict[str, Decimal | TieredPrices | None])

    def read(value: dict[str, Any]) -> dict[str, Any]:
        if isinstance(prices := value.get("prices"), dict):
            return value | {"prices": ModelPrice(**_believed(rates.validate_python(prices)))}
        if isinstance(pattern := value.get("regex"), str):
            try:
                re.compile(pattern)
            except (re.error, OverflowError) as error:
                raise ValueError(f"{pattern!r} is not a pattern: {error}") from error
        return value

    return read


def _believed(prices: "Prices") -> "Prices":
    """The prices of a model, if each of them is plausible. Raises `ValueError`."""
    for name, value in prices.items():
        if value is None:
            continue
        tiers = () if isinstance(value, Decimal) else value.tiers
        base = value if isinstance(value, Decimal) else value.base
        if not all(0 <= one <= MOST_USD for one in (base, *(tier.price for tier in tiers))):
            raise ValueError(f"{name!a} has a price below 0 or above {MOST_USD:,} US dollars")
        if not all(0 <= tier.start < MAX_TOKENS for tier in tiers):
            raise ValueError(f"{name!a} has a price for prompts of an impossible length")
    return prices


def _compile(snapshot: "DataSnapshot", basis: str, provider: str, model: str) -> ModelCards:
    if (state := without_price(provider, model)) is not None:
        return ModelCards(provider, model, "", state, basis, ())
    for candidate in candidates(provider, model):
        found = _find(snapshot, candidate)
        # Stopping at the first hit would give a fast request the standard price.
        if found is None or _is_served_otherwise(candidate, found[1]):
            continue
        where, info = found
        cards = tuple(with_earlier_tiers(_cards(info)))
        state = "priced" if cards else _without_price(where, info.id)
        return ModelCards(provider, model, f"{where}/{info.id}", state, basis, cards, candidate.context)
    return ModelCards(provider, model, "", "unpriced", basis, ())


def _is_served_otherwise(candidate: Candidate, info: "ModelInfo") -> bool:
    """Whether `-fast` is not part of the model's own name, which the source matches by its prefix: the next
    candidate is then the model itself at that service level."""
    return candidate.model.endswith(_FAST) and not candidate.context and _FAST not in info.id


def _find(snapshot: "DataSnapshot", candidate: Candidate) -> tuple[str, "ModelInfo"] | None:
    try:
        provider, info = snapshot.find_provider_model(candidate.model, None, candidate.provider or None, None)
    except LookupError:
        return None
    return provider.id, info


def _without_price(provider: str, model: str) -> PriceState:
    """The price of an entry without prices. Counting it as $0 would hide that nothing is known."""
    if provider == "github-copilot":
        return "included"
    return "free" if model.endswith(":free") else "unpriced"


def _cards(info: "ModelInfo") -> list[RateCard]:
    # One answer for each rectangle of days and hours is complete: within it no constraint of the source changes.
    days, minutes = _boundaries(info)
    found: list[RateCard] = []
    for from_ms, until_ms in pairwise([None, *days, None]):
        for from_minute, until_minute in pairwise(minutes):
            # Any moment of the rectangle would do. The source is asked and not interpreted, so that its rule for
            # constraints that overlap stays its own.
            moment = _moment(from_ms, until_ms, from_minute)
            standard = info.get_prices(moment)
            span = (from_ms, until_ms, from_minute, until_minute)
            if (steps := _steps(info.id, standard)) is not None:
                found.append(RateCard("", *span, steps))
            for context, ways in _CONTEXTS.items():
                for way in ways:
                    steps = _steps(info.id, info.get_prices(moment, way))
                    if steps is not None and _is_known(info, moment, way):
                        found.append(RateCard(context, *span, steps))
    return found


def _is_known(info: "ModelInfo", moment: datetime, way: Mapping[str, str]) -> bool:
    """Whether this service level has a price of its own: an unknown one is answered with the standard price."""
    return any(
        variant.when == way and (variant.constraint is None or variant.constraint.active(moment))
        for variant in info.price_variants or ()
    )


def _boundaries(info: "ModelInfo") -> tuple[list[int], list[int]]:
    """The moments (UTC milliseconds) and minutes of the day at which any price of a model may change."""
    from genai_prices.types import ModelPrice, StartDateConstraint, TimeOfDateConstraint

    conditional = [] if isinstance(info.prices, ModelPrice) else info.prices
    constraints = [part.constraint for part in (*conditional, *(info.price_variants or ()))]
    days = {_milliseconds(c.start_date.timetuple()) for c in constraints if isinstance(c, StartDateConstraint)}
    minutes = {0, DAY_MINUTES}
    for constraint in constraints:
        if isinstance(constraint, TimeOfDateConstraint):
            minutes.update((_minute(constraint.start_time), _minute(constraint.end_time)))
    return sorted(days), sorted(minutes)


def _milliseconds(day: Any) -> int:
    return (datetime(*day[:3], tzinfo=UTC) - _EPOCH) // timedelta(milliseconds=1)


def _minute(at: time) -> int:
    aware = datetime.combine(_EPOCH.date(), at, at.tzinfo or UTC).astimezone(UTC)
    return aware.hour * 60 + aware.minute


def _moment(from_ms: int | None, until_ms: int | None, minute: int) -> datetime:
    # An unbounded beginning has no first moment: the day before the first change stands for it.
    start = from_ms if from_ms is not None else (until_ms or 0) - 86_400_000
    return _EPOCH + timedelta(milliseconds=start, minutes=minute)


def _steps(model: str, price: "ModelPrice") -> tuple[RateStep, ...] | None:
    from genai_prices.types import TieredPrices

    values = {name: value for name, value in price.__dict__.items() if value is not None}
    if not any(name in values for name in ("input_mtok", "output_mtok", "requests_kcount")):
        return None
    starts = sorted(
        {tier.start for value in values.values() if isinstance(value, TieredPrices) for tier in value.tiers}
    )
    return tuple(RateStep(start, _rates(values, start, "claude" in model)) for start in (-1, *starts))


def _rates(values: Mapping[str, Any], start: int, is_claude: bool) -> Rates:
    """Rates for prompts longer than `start`.

    A class without a price of its own is part of the wider class. Claude's cache has the same relative prices
    everywhere, which not every entry includes: reading costs a tenth of the input price, writing for an hour twice, for
    five minutes 1.25 times (platform.claude.com/docs/en/about-claude/pricing).
    """
    prompt = _rate(values, "input_mtok", start) or 0
    written = _rate(values, "cache_write_mtok", start)
    read = _rate(values, "cache_read_mtok", start)
    long = _rate(values, "cache_write_1h_mtok", start)
    if is_claude:
        read = prompt // 10 if read is None else read
        written = prompt * 5 // 4 if written is None else written
        long = prompt * 2 if long is None else long
    short = prompt if written is None else written
    return Rates(
        prompt,
        prompt if read is None else read,
        short,
        short if long is None else long,
        _rate(values, "output_mtok", start) or 0,
        # `_rate` takes every price as one per million; these two are per thousand.
        (_rate(values, "web_searches_kcount", start) or 0) * 1000,
        (_rate(values, "requests_kcount", start) or 0) * 1000,
    )


def _rate(values: Mapping[str, Any], name: str, start: int) -> int | None:
    value = values.get(name)
    if value is None:
        return None
    if not isinstance(value, Decimal):
        prices = [value.base, *(tier.price for tier in value.tiers if tier.start <= start)]
        value = prices[-1]
    return int((value * ATTO_PER_USD_MTOK).to_integral_value())
