"""Divides usage into charges: quantity times price for each day, place, model, class of tokens and rate.

The ledger rounds once for each response, so a day's price times quantity can differ from its sum by a few nano-dollars.
That difference is a separate charge (`rounding`): the charges add up to the ledger's amount exactly. Pure.
"""

from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from typing import NamedTuple

from tokcost.model.charges import METERS, Charge, Charges, ExportedUsage, Meter, Origin, Unpriced
from tokcost.model.money import nano_from_atto
from tokcost.model.usage import NO_TOKENS, Tokens
from tokcost.pricing.cards import ModelCards, Rates
from tokcost.pricing.rule import PriceRule, region, rule_of

DAY_MS = 86_400_000


class _Part(NamedTuple):
    """The units of a charge, all at one rate."""

    meter: Meter
    way: str
    rate: int | None


def charges_of(rows: Iterable[ExportedUsage], cards: Mapping[str, ModelCards]) -> Charges:
    """The charges of some usage. `cards` maps the ids in usage to rate cards."""
    split = _Split(cards)
    parts: dict[Origin, Counter[_Part]] = defaultdict(Counter)
    spent: Counter[Origin] = Counter()
    unsplit: Counter[tuple[Origin, _Part]] = Counter()
    unpriced: dict[Origin, tuple[Tokens, int]] = {}
    for row in rows:
        origin = split.origin(row)
        if row.list_cost is None:
            tokens, count = unpriced.get(origin, (NO_TOKENS, 0))
            unpriced[origin] = tokens.plus(row.tokens), count + 1
            continue
        spent[origin] += row.list_cost
        # Cards and amount are recorded apart, so the split is verified for each response: what does not explain the
        # amount is exported as one lot, never as a unit price that nobody charged.
        found = split.parts(row)
        if found is None:
            parts[origin][_UNSPLIT] += row.tokens.total
            unsplit[origin, _UNSPLIT] += row.list_cost
        else:
            parts[origin].update(found)
    charges = [one for origin in sorted(parts) for one in _charges(origin, parts[origin], spent, unsplit)]
    return Charges(charges, [Unpriced(origin, *unpriced[origin]) for origin in sorted(unpriced)])


_UNSPLIT = _Part("unsplit", "", None)


def _charges(
    origin: Origin, parts: Counter[_Part], spent: Counter[Origin], unsplit: Counter[tuple[Origin, _Part]]
) -> list[Charge]:
    found = [
        Charge(
            origin,
            *part,
            quantity,
            unsplit[origin, part] if part.rate is None else nano_from_atto(part.rate * quantity),
        )
        for part, quantity in sorted(parts.items(), key=lambda one: (METERS.index(one[0].meter), one[0].way, one[0][2]))
    ]
    # The parts are rounded once for a day, the ledger once for each response; this closes the gap.
    rest = spent[origin] - sum(one.list_cost for one in found)
    return [*found, Charge(origin, "rounding", "", None, 0, rest)] if rest else found


class _Split:
    """Divides usage by the cards that priced it."""

    def __init__(self, cards: Mapping[str, ModelCards]) -> None:
        self._cards = cards
        self._rules: dict[tuple[str, str, str, str], PriceRule] = {}

    def origin(self, row: ExportedUsage) -> Origin:
        """The common facts of its charges."""
        cards = self._cards.get(row.price or "")
        source = cards.source if cards is not None else ""
        names = (row.repository, row.branch, row.state, row.assistant, source, row.provider, row.model)
        return Origin(row.time_ms // DAY_MS, *names, row.price_state, row.estimated)

    def parts(self, row: ExportedUsage) -> Counter[_Part] | None:
        """Its units; `None` if the cards no longer explain its amount."""
        found = (self._parts_by(row, rates, way) for rates, way in self._applied(row))
        fitting = next((one for one in found if one is not None), None)
        return Counter() if fitting is None and not row.list_cost and not row.tokens.total else fitting

    @staticmethod
    def _parts_by(row: ExportedUsage, rates: Rates, way: str) -> Counter[_Part] | None:
        """Its units at these rates; `None` if they do not add up to its amount."""
        # As `PriceBook.price`: a response of nothing pays no fee for a request.
        counts = (*row.tokens[:5], row.web_searches, 1 if any(row.tokens) or row.web_searches else 0)
        found: Counter[_Part] = Counter()
        atto = 0
        for meter, count, rate in zip(METERS, counts, _all(rates), strict=False):
            # Hardly any model has a fee for a request, and a charge of $0 for each response would say nothing. Tokens
            # at $0 are charges, since their quantity does.
            if not count or (not rate and meter == "request"):
                continue
            if rate is None:
                return None
            found[_Part(meter, way, rate)] += count
            atto += count * rate
        # Rounding must be that of `cards.cost`, or no recorded amount would be recognised.
        return found if nano_from_atto(atto) == row.list_cost else None

    def _applied(self, row: ExportedUsage) -> Iterator[tuple[Rates, str]]:
        """The rates that `PriceBook.price` may have used, with their service level and long-prompt tier; none if
        unknown. The sum of several requests has the rates of short prompts, however many tokens it has."""
        cards = self._cards.get(row.price or "")
        if cards is None:
            return
        asked = (row.price or "", row.speed, row.tier, row.geo)
        rule = self._rules.get(asked)
        if rule is None:
            rule = self._rules[asked] = rule_of(cards, row.speed, row.tier, row.geo)
        if rule.flat is not None:
            yield _NOTHING, ""
            return
        card = rule.card(row.time_ms)
        if card is None:
            return
        long = next((step for step in card.steps[:0:-1] if row.tokens.prompt > step.above), None)
        # Versions that priced a sum of several requests as one long prompt recorded amounts at the long rates. The
        # amount decides (`_parts_by`), so that those keep their unit price until they are priced again.
        for above, rates in (card.steps[0],) if long is None else (long, card.steps[0]):
            names = (card.context, f"above-{above}" if above > 0 else "", region(row.geo))
            yield rates, "-".join(name for name in names if name)


_NOTHING = Rates(0, 0, 0, 0, 0)


def _all(rates: Rates) -> tuple[int | None, ...]:
    return (*rates[:5], rates.web_search, rates.request)
