"""From requests, conversation by conversation, to a list cost by its drivers."""

from collections import Counter
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import groupby
from typing import NamedTuple

from tokcost.drivers.amounts import Again, Amount, Sheet, parts_without_rates, split_cost
from tokcost.drivers.prefix import Lost, Prompt, losses
from tokcost.model.drivers import CAUSES, DRIVERS, SHARES, Driver, Explanation, Part, Request, Series, Share
from tokcost.pricing.cards import ModelCards

_BROKEN = ("partial", "fallback")


class Looked(NamedTuple):
    """A request with the facts about its prompt, for comparisons with other prices."""

    request: Request
    series: Series
    losses: tuple[Lost, ...]
    of_several: bool
    """It may be the sum of several requests."""


def explain(
    requests: Iterable[Request],
    series: Mapping[int, Series],
    cards: Callable[[str], ModelCards | None],
    also: Sequence[Callable[[Looked], None]] = (),
    logging_turns: Collection[str] = (),
) -> Explanation:
    """The list cost of all counted `requests`, which are ordered by conversation (session and source), oldest first.

    `also` is called with each priced request. `logging_turns` are the assistants that log one record for a turn, which
    is a sum over several requests.
    """
    explainer = _Explainer(series, cards, also, logging_turns)
    for _, conversation in groupby(requests, key=lambda one: one[:2]):
        explainer.take(list(conversation))
    return explainer.found


class _Sum:
    """A part of a sum while it is added up."""

    __slots__ = ("estimated", "list_cost", "lower_bound", "requests", "tokens")

    def __init__(self) -> None:
        self.list_cost = self.tokens = self.requests = self.lower_bound = self.estimated = 0

    def add(self, request: Request, list_cost: int, tokens: int) -> None:
        """Add a request, or its share in this part."""
        self.list_cost += list_cost
        self.tokens += tokens
        self.requests += 1
        self.estimated += request.estimated

    @property
    def part(self) -> Part:
        """The sum so far."""
        return Part(self.list_cost, self.tokens, self.requests, self.lower_bound, self.estimated)


class _Explainer:
    def __init__(
        self,
        series: Mapping[int, Series],
        cards: Callable[[str], ModelCards | None],
        also: Sequence[Callable[[Looked], None]],
        logging_turns: Collection[str],
    ) -> None:
        self._series = series
        self._of_several = {
            number for number, one in series.items() if one.kind == "unlogged" or one.assistant in logging_turns
        }
        """Series whose records can stand for several requests, so that their prompt is that of none of them."""
        self._cards = cards
        self._also = also
        self._sheets: dict[int, Sheet | None] = {}
        self._drivers: dict[Driver, _Sum] = {driver: _Sum() for driver in DRIVERS}
        self._shares: dict[Share, _Sum] = {share: _Sum() for share in SHARES}
        self._total, self._unpriced, self._closest_price = _Sum(), _Sum(), _Sum()
        self._pauses: Counter[int] = Counter()

    @property
    def found(self) -> Explanation:
        """The result so far."""
        found = Explanation()
        found.drivers = {driver: one.part for driver, one in self._drivers.items()}
        found.shares = {share: one.part for share, one in self._shares.items()}
        found.total, found.unpriced = self._total.part, self._unpriced.part
        found.closest_price = self._closest_price.part
        found.pauses = self._pauses
        return found

    def take(self, conversation: list[Request]) -> None:
        """Add the counted part of a conversation."""
        series = self._series
        compared = [one for one in conversation if self._can_be_compared(one)]
        prompts = [Prompt(series[one.series].model, one.time_ms, *one[4:8]) for one in compared]
        # By identity, since two requests can be equal.
        lost = dict(zip(map(id, compared), losses(prompts), strict=True))
        for one in conversation:
            if one.counted:
                self._add(one, series[one.series], lost.get(id(one)))

    def _add(self, request: Request, series: Series, lost: tuple[Lost, ...] | None) -> None:
        cost, tokens = request.list_cost, sum(request[4:9])
        if cost is None:
            self._unpriced.add(request, 0, tokens)
            self._unpriced.lower_bound += request.lower_bound
            return
        wholes = self._wholes(request, series)
        for whole in wholes:
            whole.add(request, cost, tokens)
        parts = self._parts(request, series, lost, _again(request, lost) if lost else ())
        for driver, nano, count in parts:
            self._drivers[driver].add(request, nano, count)
        if request.lower_bound:
            for one in (*wholes, *(self._drivers[driver] for driver in _with_output(parts))):
                one.lower_bound += 1
        if lost:
            pauses = [one.pause_ms for one in lost if one.cause == "pause"]
            # A request pauses once, even if it lost both of its caches.
            self._pauses.update(pause // 60_000 for pause in pauses[:1])
        for take in self._also:
            take(Looked(request, series, lost or (), request.series in self._of_several))

    def _wholes(self, request: Request, series: Series) -> list[_Sum]:
        """The sums that include a request with its complete cost."""
        found, share = [self._total], _share(request, series)
        if series.price_state == "estimated":
            found.append(self._closest_price)
        if share is not None:
            found.append(self._shares[share])
        if request.source:
            found.append(self._shares["subagents"])
        return found

    def _parts(
        self, request: Request, series: Series, lost: tuple[Lost, ...] | None, again: Sequence[Again]
    ) -> list[Amount]:
        whole: Amount = ("not_known", request.list_cost or 0, request.tokens)
        if request.estimated:
            return [("estimated_counts", request.list_cost or 0, request.tokens)]
        if series.price_state in ("free", "included"):
            return parts_without_rates(request, again)
        sheet = self._sheet(request.series, series)
        layers = sheet.layers(request) if sheet is not None else None
        parts = split_cost(request, again, layers) if layers is not None else None
        if parts is None:
            return [whole]
        if lost is None and request.series in self._of_several:
            unknown = [one for one in parts if one[0] in _OF_PROMPT]
            rest: Amount = ("not_known", sum(one[1] for one in unknown), sum(one[2] for one in unknown))
            return [*(one for one in parts if one not in unknown), rest]
        return parts

    def _can_be_compared(self, request: Request) -> bool:
        is_response = self._series[request.series].kind in ("response", "partial", "fallback")
        is_one = is_response and request.series not in self._of_several
        return is_one and not request.estimated and not request.is_compaction

    def _sheet(self, number: int, series: Series) -> Sheet | None:
        if number not in self._sheets:
            cards = self._cards(series.price) if series.price is not None else None
            several = number in self._of_several
            self._sheets[number] = Sheet(series, cards, of_several=several) if cards is not None else None
        return self._sheets[number]


_OF_PROMPT: tuple[Driver, ...] = ("new_input", "cache_written")
"""The drivers that are only known by comparison with the previous request."""
_OF_WHOLE = frozenset[Driver](("estimated_counts", "not_known"))
"""The drivers that can apply to a complete request."""
_OF_OUTPUT = frozenset[Driver](
    (
        *("reasoning", "long_context_surcharge"),
        *("fast_surcharge", "priority_surcharge", "residency_surcharge"),
    )
)
"""Drivers besides the visible output whose list cost grows with the output."""


def _with_output(parts: Sequence[Amount]) -> set[Driver]:
    """The drivers that would cost more if the output of a request were larger than its log records. The missing part
    may be all of the visible output."""
    found: set[Driver] = {driver for driver, _, _ in parts}
    return found if found and found <= _OF_WHOLE else {"visible_output", *(found & _OF_OUTPUT)}


def _share(request: Request, series: Series) -> Share | None:
    if series.kind == "unlogged" or request.is_compaction:
        return "compaction_and_titles"
    return "broken_and_refused" if series.kind in _BROKEN else None


def _again(request: Request, lost: tuple[Lost, ...]) -> list[Again]:
    """The classes in which a request was billed for its lost cache, by driver: the lost part follows directly after
    the part that was read, one-hour caches first."""
    long, short, sent = request.cache_write_1h, request.cache_write_5m, request.input
    # As in prefix.py: a request that writes to a cache writes what it lost, so its plain input is new.
    if long or short:
        sent = 0
    found: list[Again] = []
    for one in lost:
        of_long = min(one.tokens, long)
        of_short = min(one.tokens - of_long, short)
        of_sent = min(one.tokens - of_long - of_short, sent)
        long, short, sent = long - of_long, short - of_short, sent - of_sent
        driver = CAUSES[one.cause]
        before = next((at for at, again in enumerate(found) if again.driver == driver), None)
        if before is None:
            found.append(Again(driver, of_sent, of_short, of_long))
        else:
            _, sent_before, short_before, long_before = found[before]
            found[before] = Again(driver, sent_before + of_sent, short_before + of_short, long_before + of_long)
    return found
