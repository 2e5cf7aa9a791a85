"""One usage, priced as an import prices it: the source's cards, our corrections, then overrides of a test."""

from collections.abc import Iterable
from datetime import UTC, datetime
from functools import cache

from tokcost.model.usage import Tokens, Usage
from tokcost.pricing.book import PriceBook
from tokcost.pricing.cards import ModelCards, Price
from tokcost.pricing.overrides import Override, bundled
from tokcost.pricing.source import compile_models


def at_ms(day: str) -> int:
    """A day or moment in UTC, in milliseconds."""
    return int(datetime.fromisoformat(day).replace(tzinfo=UTC).timestamp() * 1000)


def priced(model: str, day: str, tokens: Tokens, overrides: Iterable[Override] = (), **more: object) -> Price:
    """The price of a response at the beginning of a UTC day."""
    usage = Usage("claude-code", "k", at_ms(day), model, tokens)._replace(**more)
    return PriceBook([cards_of(usage.provider, model)], [*bundled(), *overrides]).price(usage)


@cache
def cards_of(provider: str, model: str) -> ModelCards:
    """The rate cards of a model as an import compiles them."""
    (cards,) = compile_models([(provider, model)])
    return cards
