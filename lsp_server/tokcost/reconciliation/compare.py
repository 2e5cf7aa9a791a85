"""Both sides of a month, and the likely causes of their difference. Pure."""

from collections.abc import Iterable, Sequence

from tokcost.model.bills import Basis, BillCell, Billed, Cause, DailyUsage, compared, day_plus, difference
from tokcost.model.money import NANO_PER_USD, dollars
from tokcost.reconciliation.match_models import merged_names, same_names

_ROUNDING = NANO_PER_USD // 100
"""The maximum effect of rounding for a day and a model: a cent, the smallest unit of bills."""
_PER_MILLE = 2
"""Thousandths of a cell: a smaller difference is rounding too, of requests before they are added."""


def cells_of(lines: Iterable[Billed], spent: Iterable[DailyUsage]) -> list[BillCell]:
    """A cell for each day and model on either side, ordered by day and then by model."""
    lines, spent = list(lines), list(spent)
    merged = merged_names({line.model for line in lines})
    matched = same_names(merged, {(one.provider, one.model) for one in spent})
    cells: dict[tuple[str, str], BillCell] = {}
    for line in lines:
        key = (line.day, merged[line.model])
        cell = cells.get(key, BillCell(*key))
        list_cost = None if line.list_cost is None else (cell.list_cost or 0) + line.list_cost
        cells[key] = cell._replace(
            list_cost=list_cost,
            billed=cell.billed + line.billed,
            names=_with(cell.names, line.model),
            is_theirs=True,
        )
    for one in spent:
        name = matched.get((one.provider, one.model))
        key = (one.day, one.model if name is None else merged[name])
        cell = cells.get(key, BillCell(*key))
        cells[key] = cell._replace(
            usage=cell.usage + one.usage,
            tokens=cell.tokens + one.tokens,
            unpriced_tokens=cell.unpriced_tokens + one.unpriced_tokens,
            ours=cell.ours + one.list_cost,
            names=_with(cell.names, one.model),
            is_ours=True,
        )
    return [cells[key] for key in sorted(cells)]


def _with(names: tuple[str, ...], name: str) -> tuple[str, ...]:
    return names if name in names or not name else (*names, name)


def causes_of(cells: Sequence[BillCell], basis: Basis) -> list[Cause]:
    """Likely causes, each with the part of the difference that it would explain; those parts add up to it."""
    # Each cause takes its cells out of `left`, so that no amount is explained twice. The order is that of certainty:
    # models that are on one side only, then rounding, then the direction of what is left.
    left = {(cell.day, cell.model): difference(cell, basis) for cell in cells}
    ours = {cell.model for cell in cells if cell.is_ours}
    theirs = {cell.model for cell in cells if cell.is_theirs}
    found = [
        Cause("beside_models", _taken(left, {""} - ours), _TEXTS["beside_models"]),
        Cause("models_not_local", _taken(left, theirs - ours), _TEXTS["models_not_local"]),
        Cause("not_billed", _taken(left, ours - theirs), _TEXTS["not_billed"]),
    ]
    # Before rounding is judged: a request near midnight leaves two differences that only together are none.
    shifted = _shift(left)
    found.append(Cause("rounding", _rounding(left, cells, basis), _TEXTS["rounding"]))
    more = sum(amount for amount in left.values() if amount > 0)
    less = sum(amount for amount in left.values() if amount < 0)
    found.append(Cause("elsewhere", more, _TEXTS["elsewhere"]))
    found.append(Cause("billed_less", less, _TEXTS["billed_less"]))
    kept = [cause for cause in found if cause.amount]
    # The moved amounts cancel out: this cause explains days, and nothing of the sum.
    if shifted:
        kept.append(Cause("day_boundary", 0, _TEXTS["day_boundary"].format(amount=dollars(shifted))))
    return [*kept, *_beside(cells, basis)]


_TEXTS = {
    "beside_models": "billed without a model: code execution, storage, sessions, seats",
    "models_not_local": "models that were not used on this machine: other people, other machines, services with a key",
    "not_billed": "models that are not on this bill: usage under a plan, on another account, or through a gateway",
    "rounding": "rounding: at most a cent or 0.2 % of each day and model",
    "elsewhere": "more on the bill than in the logs here: other people and machines of the account, refused or"
    " broken-off calls that were not logged, tools billed separately from tokens, inference kept in a region",
    "billed_less": "less on the bill than in the logs here: batches at half price, usage under a plan or on another"
    " account, credits, a bill that is not complete yet",
    "day_boundary": "{amount} USD fall on neighbouring days: requests near midnight UTC, or another time zone",
}


def _taken(left: dict[tuple[str, str], int], models: set[str]) -> int:
    """The differences of some models, which then need no other explanation."""
    return sum(left.pop(key) for key in list(left) if key[1] in models)


def _shift(left: dict[tuple[str, str], int]) -> int:
    """Move opposite differences of a model between neighbouring days; returns the moved amount."""
    moved = 0
    for day, model in sorted(left):
        following = (day_plus(day, 1), model)
        one, other = left[day, model], left.get(following, 0)
        if one * other < 0:
            amount = min(abs(one), abs(other))
            moved += amount
            left[day, model] -= amount if one > 0 else -amount
            left[following] += amount if one > 0 else -amount
    return moved if moved > _ROUNDING else 0


def _rounding(left: dict[tuple[str, str], int], cells: Sequence[BillCell], basis: Basis) -> int:
    most = {(cell.day, cell.model): max(_ROUNDING, abs(compared(cell, basis)) * _PER_MILLE // 1000) for cell in cells}
    return sum(left.pop(key) for key in list(left) if abs(left[key]) <= most[key])


def _beside(cells: Sequence[BillCell], basis: Basis) -> list[Cause]:
    """Causes that explain no part of the difference, but what is paid, or what cannot be compared."""
    found: list[Cause] = []
    discount = sum(cell.billed - (cell.list_cost or 0) for cell in cells) if basis == "list" else 0
    if discount:
        text = f"discounts and credits: what is billed is {dollars(abs(discount))} USD"
        found.append(Cause("discount", None, f"{text} {'below' if discount < 0 else 'above'} the provider's list cost"))
    if unpriced := sum(cell.unpriced_tokens for cell in cells):
        found.append(Cause("unpriced", None, f"{unpriced:,} tokens here have no known price and are not in the sum"))
    return found
