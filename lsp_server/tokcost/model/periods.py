"""Calendar periods: the local day of a moment, and the week and the month of a day. Pure; a zone's rules come in.

A day is `2026-11-23`, a month `2026-11`. A week is that of ISO 8601, `2026-W48`: it begins on Monday and belongs to the
year that has its Thursday. So names sort as time goes.
"""

from collections.abc import Sequence
from datetime import UTC, date, datetime, timedelta, tzinfo
from typing import Literal, NamedTuple

Period = Literal["day", "week", "month"]

_STEP_MS = 6 * 3600 * 1000
"""No time zone ever changed its clocks twice within this time."""


class Offset(NamedTuple):
    """The offset of local time from UTC at all moments before `until_ms`, in milliseconds; positive is ahead."""

    until_ms: int
    offset_ms: int


def period_of(day: str, period: Period) -> str:
    """The period that contains a day.

    >>> period_of("2027-01-01", "week")
    '2026-W53'
    """
    if period == "day":
        return day
    if period == "month":
        return day[:7]
    year, week, _ = date.fromisoformat(day).isocalendar()
    return f"{year}-W{week:02d}"


def count_from_to(first: str, last: str, period: Literal["week", "month"]) -> int:
    """The number of weeks or months from one to another, both included.

    >>> count_from_to("2026-W52", "2027-W01", "week")
    3
    """
    if period == "month":
        (year, month), (to_year, to_month) = (map(int, name.split("-")) for name in (first, last))
        return (to_year - year) * 12 + to_month - month + 1
    monday, to_monday = (date.fromisoformat(f"{name}-1") for name in (first, last))
    return (to_monday - monday).days // 7 + 1


def offsets(zone: tzinfo, first_ms: int, last_ms: int) -> Sequence[Offset]:
    """A zone's offsets over a span of time, oldest first; the last one also applies to all later times.

    Every clock change is found to the millisecond, so that a day of 23 or 25 hours begins and ends at midnight.
    """
    found: list[Offset] = []
    at, offset = first_ms, _offset_ms(zone, first_ms)
    while at < last_ms:
        to = min(at + _STEP_MS, last_ms)
        if (changed := _offset_ms(zone, to)) != offset:
            found.append(Offset(_moment_of_change(zone, at, to), offset))
            offset = changed
        at = to
    return [*found, Offset(last_ms, offset)]


def _moment_of_change(zone: tzinfo, before_ms: int, after_ms: int) -> int:
    offset = _offset_ms(zone, before_ms)
    while after_ms - before_ms > 1:
        middle = (before_ms + after_ms) // 2
        if _offset_ms(zone, middle) == offset:
            before_ms = middle
        else:
            after_ms = middle
    return after_ms


def _offset_ms(zone: tzinfo, moment_ms: int) -> int:
    moment = datetime.fromtimestamp(0, UTC) + timedelta(milliseconds=moment_ms)
    return (moment.astimezone(zone).utcoffset() or timedelta()) // timedelta(milliseconds=1)
