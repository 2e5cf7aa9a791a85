"""Hand-built figures for tests of what people see."""

from datetime import date

from tokcost.model.figures import NO_FIGURES, BranchRow, Conservation, Figures, Split, Summary
from tokcost.model.usage import Tokens
from tokcost.reports.rows import View

NOON_MS = 1_795_435_200_000
"""2026-11-23 12:00 UTC."""
HOUR_MS = 3_600_000
CENT = 10_000_000


def figures(cents: int, tokens: int, *, usage: int = 1, hours_ago: int = 1, unpriced: int = 0) -> Figures:
    """A sum that is pending as a whole."""
    return Figures(
        usage=usage,
        tokens=Tokens(input=tokens - tokens // 4, output=tokens // 4, reasoning=tokens // 8),
        list_cost=cents * CENT,
        unpriced_tokens=unpriced,
        pending_tokens=tokens,
        pending_list_cost=cents * CENT,
        first_ms=NOON_MS - 48 * HOUR_MS,
        last_ms=NOON_MS - hours_ago * HOUR_MS,
    )


def split(total: Figures, assistant: str = "claude-code", model: str = "claude-opus-4-5-20251101") -> Split:
    """All of it by one assistant and one model."""
    made = Split()
    made.add(total, assistant, model, "reflog")
    return made


def branch(name: str, total: Figures, *, current: bool = False) -> BranchRow:
    """A branch used on one day."""
    row = BranchRow(name, current, "active", split(total))
    row.days["2026-11-22"] = total
    return row


def summary(*rows: BranchRow, unplaced: Figures | None = None) -> Summary:
    """A summary whose sums close."""
    totals = Split()
    for part in [*(row.split for row in rows), *([split(unplaced)] if unplaced else [])]:
        totals.total = totals.total.plus(part.total)
        for kept, more in ((totals.assistants, part.assistants), (totals.models, part.models)):
            for name, one in more.items():
                kept[name] = kept.get(name, NO_FIGURES).plus(one)
        for name, count in part.evidence.items():
            totals.evidence[name] = totals.evidence.get(name, 0) + count
    lost = (unplaced or NO_FIGURES)._replace(pending_tokens=0, pending_list_cost=0)
    apart = (lost.tokens.total, lost.list_cost)
    everything = (totals.total.tokens.total, totals.total.list_cost)
    pending = (everything[0] - apart[0], everything[1] - apart[1])
    sums = Conservation(total=everything, pending=pending, unplaced=apart)
    made = Summary("/home/ada/shop")
    made.branches, made.totals, made.conservation = list(rows), totals, sums
    made.unplaced = split(lost) if unplaced else Split()
    return made


def view(columns_wide: int | None = None, *, decorated: bool = False) -> View:
    """Noon of 2026-11-23."""
    return View(NOON_MS, date(2026, 11, 23), columns_wide, decorated)
