"""The day of whoever sits here, which budgets and rules of a day go by."""

from datetime import datetime


def midnight_ms() -> int:
    """Milliseconds UTC of the last local midnight."""
    now = datetime.now().astimezone()
    return int(now.replace(hour=0, minute=0, second=0, microsecond=0).timestamp() * 1000)
