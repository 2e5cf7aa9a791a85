"""Series of usage of every kind with their rate cards, for tests of drivers that need no ledger."""

from support.prices import cards_of
from tokcost.model.drivers import Series
from tokcost.pricing.book import PriceBook
from tokcost.pricing.cards import ModelCards
from tokcost.pricing.overrides import apply, bundled

START = 1_790_000_000_000
SERIES = {
    1: Series("claude-code", "claude-sonnet-4-5", "", "response", "", "", "", "priced", "1"),
    2: Series("claude-code", "claude-opus-4-8", "", "response", "fast", "", "us", "priced", "2"),
    3: Series("codex", "gpt-5", "openai", "response", "", "priority", "", "priced", "3"),
    4: Series("claude-code", "claude-opus-4-8", "", "unlogged", "", "", "", "priced", "2"),
    5: Series("claude-code", "claude-opus-4-8", "", "partial", "", "batch", "", "priced", "2"),
    6: Series("grok", "claude-sonnet-4-5", "", "response", "", "", "", "priced", "1"),
    7: Series("claude-code", "who-knows", "", "response", "", "", "", "unpriced", None),
}


def cards(price: str) -> ModelCards:
    """The rate cards of an id."""
    series = next(one for one in SERIES.values() if one.price == price)
    return apply(cards_of(series.provider, series.model), bundled())


BOOK = PriceBook([cards(price) for price in "123"])
