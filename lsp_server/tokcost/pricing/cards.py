"""Rate cards: what a token of one model costs, when, and how a request's cost follows from it. Pure values.

A request is priced alone and at its own time: long-context prices are a cliff on the request's whole prompt, so a sum
of requests cannot be priced.
"""

import json
from operator import mul
from typing import Any, Literal, NamedTuple

from tokcost.model.money import nano_from_atto
from tokcost.model.usage import Tokens

PriceState = Literal["priced", "unpriced", "free", "included", "estimated"]
"""What is known of a price.

- `priced`: a public price valid on that day.
- `unpriced`: none is known; the amount is unknown, never 0.
- `free`: the provider charges nothing. - `included`: part of a plan, not charged by the token.
- `estimated`: the model's standard price, though the request was of a kind (fast, priority, …) whose price is not
known.
"""

DAY_MINUTES = 24 * 60


class Rates(NamedTuple):
    """Atto-dollars per token, per web search and per request."""

    input: int
    cache_read: int
    cache_write_5m: int
    cache_write_1h: int
    output: int
    web_search: int = 0
    request: int = 0


class Step(NamedTuple):
    """Rates for requests whose whole prompt is longer than `above` tokens (-1: any request)."""

    above: int
    rates: Rates


class RateCard(NamedTuple):
    """The rates of a model in one span of time and one way of being served."""

    context: str
    """`""` for the standard service, else `fast`, `priority`, `flex`, `batch`."""
    from_ms: int | None
    until_ms: int | None
    """The end is excluded. UTC milliseconds; `None` is open."""
    from_minute: int
    until_minute: int
    """Minutes of the UTC day (0 and 1440: all day)."""
    steps: tuple[Step, ...]
    """Ascending; the last one whose `above` the prompt exceeds holds for all its tokens."""
    note: str = ""

    def holds(self, time_ms: int) -> bool:
        """Whether the card is valid at a moment."""
        if (self.from_ms is not None and time_ms < self.from_ms) or (
            self.until_ms is not None and time_ms >= self.until_ms
        ):
            return False
        if self.until_minute - self.from_minute >= DAY_MINUTES:
            return True
        return self.from_minute <= time_ms // 60_000 % DAY_MINUTES < self.until_minute


class ModelCards(NamedTuple):
    """All cards of a model as a log names it. Of several that hold, the last is right."""

    provider: str
    model: str
    """Provider and model as logged."""
    source: str
    """What they were taken for in the price source, `anthropic/claude-sonnet-4-5`; empty when nothing was found."""
    state: PriceState
    basis: str
    """Where the rates come from: `genai-prices/0.2.3+0123456789ab`, with `override/…` behind it where one was used."""
    cards: tuple[RateCard, ...]

    @property
    def id(self) -> str:
        """A name for exactly this content."""
        from hashlib import blake2b  # not for those who only look a price up

        return blake2b(to_json(self).encode(), digest_size=12).hexdigest()


class Price(NamedTuple):
    """What one usage is worth."""

    list_cost: int | None
    """Nano-dollars; `None` when unknown."""
    state: PriceState
    card_id: str | None


def cost(card: RateCard, tokens: Tokens, web_searches: int = 0) -> int:
    """The cost of one request in nano-dollars."""
    rates = card.steps[0].rates
    if len(card.steps) > 1:
        prompt = tokens.prompt
        for step in card.steps:
            if prompt > step.above:
                rates = step.rates
    return nano_from_atto(sum(map(mul, (*tokens[:5], web_searches, 1), rates)))


def to_json(model: ModelCards) -> str:
    """The stored form: one line of JSON."""
    return json.dumps(model, separators=(",", ":"))


def from_json(text: str) -> ModelCards:
    """The value of `to_json`'s text."""
    provider, model, source, state, basis, cards = json.loads(text)
    return ModelCards(provider, model, source, state, basis, tuple(_card(card) for card in cards))


def _card(values: list[Any]) -> RateCard:
    steps = tuple(Step(above, Rates(*rates)) for above, rates in values[5])
    return RateCard._make((*values[:5], steps, *values[6:]))
