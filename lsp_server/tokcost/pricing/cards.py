"""Rate cards: the price of a token of one model over time, and how a request's cost follows from it. Pure values.

A request is priced separately at its own time: long-context prices are a step function of the complete prompt, so a sum
of requests cannot be priced.
"""

import json
from typing import Any, Literal, NamedTuple

from tokcost.model.money import ATTO_PER_USD_MTOK, nano_from_atto
from tokcost.model.usage import Tokens

PriceState = Literal["priced", "unpriced", "free", "included", "estimated"]
"""The states of a price.

- `priced`: a public price valid on that day.
- `unpriced`: none is known; the amount is unknown, never 0.
- `free`: the provider charges nothing. - `included`: part of a plan, not charged by the token.
- `estimated`: the closest price that is known, though the request was of a kind (fast, priority, a region, …) whose
price is not, or its prompts may have been long ones.
"""

DAY_MINUTES = 24 * 60

MOST_USD = 10_000
"""The maximum accepted price per million tokens, or per thousand searches: about ten times the most expensive public
one. A response of 10^9 tokens in each class then costs at most 5 * 10^16 nano-dollars, and sums of 10^11 tokens
still fit into the 64 bits of the ledger."""
_MOST = MOST_USD * ATTO_PER_USD_MTOK


class Rates(NamedTuple):
    """Atto-dollars per token, per web search and per request; `None` if unknown."""

    input: int | None
    cache_read: int | None
    cache_write_5m: int | None
    cache_write_1h: int | None
    output: int | None
    web_search: int | None = 0
    request: int | None = 0

    def times(self, factor: str) -> "Rates":
        """All rates multiplied by a decimal number, each within its upper limit."""
        from decimal import Decimal  # few prices have a factor

        exact = Decimal(factor)
        # The product is limited again: several factors may apply to one rate, and the amount must still fit into 64
        # bits. Searches and requests are sold by the thousand, tokens by the million: hence the other limit for those.
        most = (*[_MOST] * 5, *[_MOST * 1000] * 2)
        times = (None if rate is None else int((rate * exact).to_integral_value()) for rate in self)
        return Rates(*(rate if rate is None else min(rate, limit) for rate, limit in zip(times, most, strict=True)))


class RateStep(NamedTuple):
    """Rates for requests whose complete prompt is longer than `above` tokens (-1: any request)."""

    above: int
    rates: Rates


class RateCard(NamedTuple):
    """The rates of a model in one span of time and at one service level."""

    context: str
    """`""` for the standard service, else `fast`, `priority`, `flex`, `batch`."""
    from_ms: int | None
    until_ms: int | None
    """The end is excluded. UTC milliseconds; `None` is unbounded."""
    from_minute: int
    until_minute: int
    """Minutes of the UTC day (0 and 1440: all day)."""
    steps: tuple[RateStep, ...]
    """Ascending; the last step whose `above` the prompt exceeds applies to all its tokens."""
    note: str = ""

    def holds(self, time_ms: int) -> bool:
        """Whether the card is valid at a moment."""
        _, from_ms, until_ms, from_minute, until_minute, _, _ = self
        if (from_ms is not None and time_ms < from_ms) or (until_ms is not None and time_ms >= until_ms):
            return False
        if until_minute - from_minute >= DAY_MINUTES:
            return True
        return from_minute <= time_ms // 60_000 % DAY_MINUTES < until_minute


class Factor(NamedTuple):
    """The factor on every token rate if the provider keeps the inference in one region."""

    geo: str
    """The region as logged: `us`."""
    from_ms: int | None
    until_ms: int | None
    factor: str
    """A decimal number: `1.1`."""
    note: str = ""


class ModelCards(NamedTuple):
    """All cards of a model as logged. If several are valid, the last one applies."""

    provider: str
    model: str
    """Provider and model as logged."""
    source: str
    """The model in the price source, `anthropic/claude-sonnet-4-5`; empty if not found."""
    state: PriceState
    basis: str
    """The origin of the rates: `genai-prices/0.2.3+0123456789ab`, followed by `override/…` if one was used."""
    cards: tuple[RateCard, ...]
    served: str = ""
    """The service level implied by the name itself (`claude-opus-4-8-fast`: `fast`), if usage does not record it."""
    factors: tuple[Factor, ...] = ()
    """If there are several for one region, the last valid one applies."""

    @property
    def id(self) -> str:
        """An id of exactly this content."""
        from hashlib import blake2b  # callers that only look up a price do not need it

        return blake2b(to_json(self).encode(), digest_size=12).hexdigest()


class Price(NamedTuple):
    """The price of one usage."""

    list_cost: int | None
    """Nano-dollars; `None` if unknown."""
    state: PriceState
    card_id: str | None


def within(card: RateCard, from_ms: int | None, until_ms: int | None) -> RateCard | None:
    """The part of a card within a span; `None` if there is none."""
    starts = max((ms for ms in (card.from_ms, from_ms) if ms is not None), default=None)
    ends = min((ms for ms in (card.until_ms, until_ms) if ms is not None), default=None)
    if starts is not None and ends is not None and starts >= ends:
        return None
    return card._replace(from_ms=starts, until_ms=ends)


def multiplied(card: RateCard, factor: str) -> RateCard:
    """A card whose token rates are multiplied by a decimal number; prices of searches and requests are unchanged."""
    steps = (RateStep(above, Rates(*rates.times(factor)[:5], *rates[5:])) for above, rates in card.steps)
    return card._replace(steps=tuple(steps))


def cost(card: RateCard, tokens: Tokens, web_searches: int = 0) -> int | None:
    """The cost of one request in nano-dollars; `None` if a required rate is unknown."""
    steps, (read, cached, short, long, output, _) = card.steps, tokens
    rates = steps[0].rates
    # "More than" as providers define it: a prompt of exactly the limit has the short rates. All tokens of a longer one
    # have the other rates, so this cannot be a sum over steps.
    if len(steps) > 1:
        whole = read + cached + short + long
        for above, of_step in steps:
            if whole > above:
                rates = of_step
    of_read, of_cached, of_short, of_long, of_output, of_search, of_request = rates
    if (
        of_read is None
        or of_cached is None
        or of_short is None
        or of_long is None
        or of_output is None
        or of_search is None
        or of_request is None
    ):
        # An unknown rate matters only if the request has such tokens. Nearly all cards know every rate: this is the
        # detour.
        used = [(count, rate) for count, rate in zip((*tokens[:5], web_searches, 1), rates, strict=True) if count]
        is_known = all(rate is not None for _, rate in used)
        return nano_from_atto(sum(count * (rate or 0) for count, rate in used)) if is_known else None
    # Written out, because building a tuple of counts and one of rates took longer than the arithmetic, and every
    # imported response passes here.
    prompt = read * of_read + cached * of_cached + short * of_short + long * of_long
    return nano_from_atto(prompt + output * of_output + web_searches * of_search + of_request)


def to_json(model: ModelCards) -> str:
    """The stored form: one line of JSON."""
    return json.dumps(model, separators=(",", ":"))


def from_json(text: str) -> ModelCards:
    """The value of a text from `to_json`."""
    provider, model, source, state, basis, cards, *more = json.loads(text)
    served, factors = more or ("", ())  # cards stored before these fields existed
    known = tuple(Factor(*factor) for factor in factors)
    return ModelCards(provider, model, source, state, basis, tuple(_card(card) for card in cards), served, known)


def _card(values: list[Any]) -> RateCard:
    steps = tuple(RateStep(above, Rates(*rates)) for above, rates in values[5])
    return RateCard._make((*values[:5], steps, *values[6:]))
