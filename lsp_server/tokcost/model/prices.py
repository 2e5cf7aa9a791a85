"""The effect of a price change on recorded usage."""

from typing import NamedTuple


class PriceChange(NamedTuple):
    """The effect of repricing usage; amounts in nano-dollars."""

    looked_at: int = 0
    changed: int = 0
    before: int = 0
    after: int = 0
    first_ms: int | None = None
    """The time of the first usage that changes."""

    def plus(self, time_ms: int, before: int, after: int, changed: bool) -> "PriceChange":
        """The effect including one more usage."""
        first = min(time_ms, self.first_ms if self.first_ms is not None else time_ms) if changed else self.first_ms
        return PriceChange(self.looked_at + 1, self.changed + changed, self.before + before, self.after + after, first)


NO_CHANGE = PriceChange()
