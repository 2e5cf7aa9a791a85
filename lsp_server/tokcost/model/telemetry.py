"""A session according to telemetry and according to its log."""

from typing import NamedTuple

from tokcost.model.usage import Tokens


class Compared(NamedTuple):
    """A session in the span of time for which telemetry was received."""

    assistant: str
    session: str
    received: int
    """Responses in the telemetry."""
    received_tokens: Tokens
    logged: int
    """Responses in the log; 0 if there is no log."""
    logged_tokens: Tokens

    @property
    def difference(self) -> int:
        """Tokens in the log minus those in the telemetry."""
        return self.logged_tokens.total - self.received_tokens.total

    @property
    def differs(self) -> bool:
        """Whether there is a log with different figures. Reasoning and the lifetimes of cache writes are not
        compared, because some versions report them in one place only."""
        return self.logged > 0 and _by_class(self.logged_tokens) != _by_class(self.received_tokens)


def _by_class(tokens: Tokens) -> tuple[int, ...]:
    written = tokens.cache_write_5m + tokens.cache_write_1h
    return tokens.input, tokens.cache_read, written, tokens.output
