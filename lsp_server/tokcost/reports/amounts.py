"""Amounts, token counts and shares for people.

An amount never claims more than is known: without a known price it is `unpriced`, never $0.
"""

from typing import NamedTuple

from tokcost.model.figures import Figures
from tokcost.model.money import NANO_PER_USD, dollars

_NANO_PER_PLACE = {2: 10_000_000, 4: 100_000, 6: 1_000, 9: 1}
_EIGHTHS = " ▏▎▍▌▋▊▉"
_LEVELS = "▁▂▃▄▅▆▇█"


ABOUT = "≈"
"""The mark of a number with a part that no provider reported."""


def about(text: str, estimated: int) -> str:
    """A number, with the mark if a part of it is estimated."""
    return f"{ABOUT}{text}" if estimated else text


AT_LEAST = "≥"
"""The mark of a number for which a log records only a minimum."""


def at_least(text: str, lower_bound: int) -> str:
    """A number, with the mark if it may be larger."""
    return f"{AT_LEAST}{text}" if lower_bound else text


def in_words(text: str) -> str:
    """A number with its marks in words, for screen readers and for sentences."""
    return text.replace(AT_LEAST, "at least ").replace(ABOUT, "about ")


class Marks(NamedTuple):
    """The parts that an amount leaves open: counts, ideally all zero."""

    unpriced_tokens: int = 0
    """Tokens without a known price, which are in no amount."""
    estimated: int = 0
    """Responses whose counts no provider reported (`≈`)."""
    lower_bound: int = 0
    """Responses whose log records only a minimum of the output (`≥`)."""
    broken_off: int = 0
    """Responses whose stream broke: they are in the amount, and perhaps not billed."""


def amount(list_cost: int, unpriced_tokens: int, places: int = 0, estimated: int = 0) -> str:
    """A list cost in nano-dollars: `$1.84`, `$1.84 + unpriced`, or `unpriced`; with a number of decimal `places` if
    it is shown beside others (`places_beside`). Marked if a part is `estimated`."""
    return marked(list_cost, Marks(unpriced_tokens, estimated), places=places)


def marked(list_cost: int, marks: Marks, noun: str = "", *, places: int = 0) -> str:
    """The only way to write an amount in nano-dollars with all its marks: `$1.84`, `≥$1.84`, `≈$1.84`, `$1.84 +
    unpriced`, `unpriced`, `$1.84 (2 broken off)`, and combinations.

    The `noun` follows the amount (`$1.84 list + unpriced`). vscode-client/src/core/amounts.ts does the same for charts.
    """
    text = about(f"${dollars(list_cost, places)}", marks.estimated)
    text = f"{at_least(text, marks.lower_bound)}{f' {noun}' if noun else ''}"
    if marks.unpriced_tokens:
        text = f"{text} + unpriced" if list_cost else "unpriced"
    return f"{text} ({marks.broken_off:,} broken off)" if marks.broken_off else text


def places_beside(total: int) -> int:
    """The decimal places of all amounts shown beside this total as its parts, so that they can be compared: two, or
    four below a dollar."""
    return 4 if 0 < total < NANO_PER_USD else 2


def list_cost(figures: Figures, places: int = 0) -> str:
    """The list cost of a sum; empty if nothing was used."""
    if not figures.usage:
        return ""
    return amount(figures.list_cost, figures.unpriced_tokens, places, figures.estimates.usage)


def pending(figures: Figures, places: int = 0) -> str:
    """The part that no claim holds; empty if there is none."""
    if not figures.pending_tokens:
        return ""
    if figures.pending_tokens == figures.tokens.total:
        return list_cost(figures, places)
    # How many of the unpriced tokens are pending is not known, so the word stands only where there is no amount at all.
    unpriced = 0 if figures.pending_list_cost else figures.unpriced_tokens
    return amount(figures.pending_list_cost, unpriced, places, figures.estimates.pending_tokens)


def full_amount(figures: Figures) -> str:
    """The list cost of a sum with all its marks, where no footer explains them."""
    marks = Marks(figures.unpriced_tokens, figures.estimates.usage, figures.lower_bound, figures.partial)
    return marked(figures.list_cost, marks)


def short_tokens(count: int) -> str:
    """A count with at most three significant digits: `999`, `1.2k`, `123k`, `4.5M`."""
    if count < 1000:
        return str(count)
    unit = 1000
    for suffix in "kMG":
        # Rounded before the comparison, so that 999,600 becomes 1.0M and not 1000k.
        tenths = (count * 10 + unit // 2) // unit
        if tenths < 1000:
            return f"{tenths // 10}.{tenths % 10}{suffix}"
        whole = (count + unit // 2) // unit
        if whole < 1000 or suffix == "G":
            return f"{whole}{suffix}"
        unit *= 1000
    raise AssertionError("unreachable: G takes every count")


def bar(part: int, whole: int, columns: int) -> str:
    """A share as a bar in eighths of a column; any share above zero is visible."""
    if part <= 0 or whole <= 0:
        return ""
    eighths = max(1, min(columns * 8, (part * columns * 8 + whole // 2) // whole))
    return "█" * (eighths // 8) + _EIGHTHS[eighths % 8].strip()


def sparkline(values: list[int]) -> str:
    """Values over time, the highest as a full block, zero as a space; empty if all are zero."""
    highest = max(values, default=0)
    if highest <= 0:
        return ""
    return "".join(_LEVELS[(value * 7 + highest // 2) // highest] if value > 0 else " " for value in values)


def percent(part: int, whole: int) -> str:
    """A share in whole percent; `<1%` if it would round to zero."""
    rounded = (part * 100 + whole // 2) // whole if whole else 0
    return "<1%" if part and not rounded else f"{rounded}%"


def closing_sum(parts: list[int], total: int) -> tuple[list[str], str]:
    """Nano-dollars as text, with the parts rounded so that they add up to the total as shown.

    In cents; with more decimal places below a dollar and if a part would vanish. Parts are truncated, and those that
    lost most by that get the remainder.
    """
    # Rows rounded one by one can miss the total by a cent each, and whoever checks the sum would find it wrong.
    enough = (4, 6) if places_beside(total) == 4 else (2, 4, 6)
    places = next((p for p in enough if all(not n or n >= _NANO_PER_PLACE[p] for n in parts)), 9)
    unit = _NANO_PER_PLACE[places]
    shown_total = (total + unit // 2) // unit
    rounded = [n // unit for n in parts]
    by_loss = sorted(range(len(parts)), key=lambda index: -(parts[index] % unit))
    for index in by_loss[: shown_total - sum(rounded)]:
        rounded[index] += 1
    return [_fixed(n, places) for n in rounded], _fixed(shown_total, places)


def _fixed(units: int, places: int) -> str:
    whole, rest = divmod(units, 10**places)
    return f"${whole:,}.{rest:0{places}d}"
