"""A session as telemetry and its log tell it."""

from typing import NamedTuple

from tokcost.model.usage import Tokens


class Compared(NamedTuple):
    """A session in the span of time in which something was received of it."""

    assistant: str
    session: str
    received: int
    """Responses that telemetry told."""
    received_tokens: Tokens
    logged: int
    """Responses that the log has; 0 where there is no log."""
    logged_tokens: Tokens

    @property
    def difference(self) -> int:
        """Tokens of the log minus those of telemetry."""
        return self.logged_tokens.total - self.received_tokens.total

    @property
    def differs(self) -> bool:
        """Whether there is a log, and it says something else. Reasoning and lifetimes of cache writes are not compared:
        not every version tells them on both ways."""
        return self.logged > 0 and _by_class(self.logged_tokens) != _by_class(self.received_tokens)


def _by_class(tokens: Tokens) -> tuple[int, ...]:
    written = tokens.cache_write_5m + tokens.cache_write_1h
    return tokens.input, tokens.cache_read, written, tokens.output
