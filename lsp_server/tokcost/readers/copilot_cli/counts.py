"""Counts of a response of Copilot CLI, which are the same in the events of a session and in its store.

The input includes cache reads and writes, the output includes reasoning (6,598,288 = 6,079,080 + 512,254 + rest in a
real session of 1.0.74; equal to the model server's own counts in 1.0.102).
"""

from hashlib import blake2b
from typing import NamedTuple

import msgspec

from tokcost.model.bounds import whole
from tokcost.model.usage import MAX_TOKENS, Tokens
from tokcost.readers.sources.records import Name

NAME = "copilot-cli"
HOSTED = "github-copilot"
"""The provider of a model hosted by GitHub."""

_NANO_USD_OF_NANO_CREDIT = 100
"""Nano-credits per nano-dollar: a credit has been a cent since June 2026 (GitHub's documentation of Copilot's
billing)."""


class Counts(NamedTuple):
    """The logged counts."""

    input: int
    output: int
    cache_read: int = 0
    cache_write: int = 0
    reasoning: int = 0

    def tokens(self) -> Tokens | None:
        """The disjoint classes; `None` for impossible numbers. The lifetime of cache writes is not recorded."""
        fresh = self.input - self.cache_read - self.cache_write
        found = (fresh, self.cache_read, self.cache_write, 0, self.output)
        if min(*found, self.reasoning) < 0 or max(found) >= MAX_TOKENS:
            return None
        return Tokens(*found, min(self.reasoning, self.output))


COUNTS = ("usage", "modelMetrics", "inputTokens", "outputTokens", "cacheReadTokens", "cacheWriteTokens")
"""The fields without which a request says nothing: any other one may have another type than usual."""


class _CopilotUsage(msgspec.Struct, gc=False):
    nano_credits: float | None = msgspec.field(default=None, name="totalNanoAiu")


class _Accounting(msgspec.Struct, gc=False):
    session: Name | None = msgspec.field(default=None, name="sourceSessionId")


class Request(msgspec.Struct, gc=False, rename="camel"):
    """A request to a model, with its counts."""

    model: Name | None = None
    input_tokens: int | float | None = None
    output_tokens: int | float | None = None
    cache_read_tokens: int | float | None = None
    cache_write_tokens: int | float | None = None
    reasoning_tokens: int | float | None = None
    duration: int | float | None = None
    time_to_first_token_ms: int | float | None = None
    is_byok: bool | None = None
    interaction_type: Name | None = None
    """`conversation-subagent` for a request of a sub-agent."""
    copilot_usage: _CopilotUsage | None = None
    accounting: _Accounting | None = None

    @property
    def has_no_counts(self) -> bool:
        """Whether the request broke off before the provider reported counts."""
        told = (self.input_tokens, self.output_tokens, self.cache_read_tokens, self.cache_write_tokens)
        return self.input_tokens is None and self.output_tokens is None and not any(told)

    def counts(self) -> Counts:
        """The counts. Raises `ValueError` for anything that is no integer."""
        told = (self.input_tokens, self.output_tokens, self.cache_read_tokens, self.cache_write_tokens)
        found = [one for one in map(whole, (*told, self.reasoning_tokens)) if one is not None]
        if None in told[:2] or len(found) < len(Counts._fields):
            raise ValueError("no counts")
        return Counts(*found)


def key_of(
    session: str, model: str, counts: Counts, duration: float | None, first_token: float | None, told_ms: int
) -> str:
    """The key of a response, derived from its content, since the store and the events have no common id.

    Both have its counts and its duration in milliseconds. The time to the first token is measured in nanoseconds, so
    that no other response has the same; without it, the session makes the key unique. If nothing was measured (in the
    first versions of the store), the time of the record distinguishes it from others with the same counts.
    """
    precise = first_token is not None and first_token != int(first_token)
    # Durations as floats: `12` in one place may be `12.0` in the other.
    parts = ("" if precise else session, model, *counts, float(duration or 0), float(first_token or 0))
    if not duration and not first_token:
        parts = (*parts, told_ms)
    digest = blake2b("\n".join(map(str, parts)).encode("utf-8", "replace"), digest_size=12)
    return f"copilot:{digest.hexdigest()}"


def reported_cost(nano_credits: float | None) -> int | None:
    """The logged cost in nano-dollars, from billionths of a credit; 0 means unknown."""
    if not nano_credits or not 0 < nano_credits < 1e17:
        return None
    return round(nano_credits / _NANO_USD_OF_NANO_CREDIT)
