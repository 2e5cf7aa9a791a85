"""The local day of this machine, which daily budgets and rules use."""

from datetime import datetime, timedelta


def midnight_ms(now_ms: int) -> int:
    """Milliseconds UTC of the first moment of the local day that contains a moment.

    The offset at that moment counts, not the present one: a day on which clocks change has 23 or 25 hours. A day
    without a midnight (in Cairo, where clocks go forward then) begins where the previous day ends, and one with two
    midnights (Havana) at the first.
    """
    return _begins(_date(now_ms))


def next_midnight_ms(now_ms: int) -> int:
    """Milliseconds UTC of the first moment of the local day after a moment."""
    return _begins(_date(now_ms) + timedelta(days=1))


def _date(now_ms: int) -> datetime:
    now = datetime.fromtimestamp(now_ms / 1000)  # noqa: DTZ006 (an attached zone is a fixed offset, not the rules)
    return now.replace(hour=0, minute=0, second=0, microsecond=0, fold=0)


def _begins(day: datetime) -> int:
    return int(day.timestamp() * 1000)
