"""One billed model response, in the normal form every reader produces.

The token classes are disjoint, so a cost is a plain dot product of counts and rates. `reasoning` is the
informative exception: it is a part of `output` and is never added to it.
"""

from typing import Literal, NamedTuple

Kind = Literal["response", "partial", "unlogged", "advisor", "fallback"]
"""What a usage is.

- `response`: an ordinary model response, as logged.
- `partial`: a reply whose stream broke; its input is exact, its output is what had arrived by then, and whether the
  provider bills it is not known from the log.
- `unlogged`: a paid call that left no usage line (compaction, titles), recovered from a session's own total.
- `advisor`: a second model consulted inside a response, not contained in that response's counts.
- `fallback`: a first attempt that was refused before another model answered.
"""

KINDS: tuple[Kind, ...] = ("response", "partial", "unlogged", "advisor", "fallback")

MAX_TOKENS = 1_000_000_000
"""No single response reaches a thousand million tokens; a larger count means a damaged record."""

MAX_SEARCHES = 10_000
"""Nor does one run so many web searches."""

EARLIEST_MS, LATEST_MS = 1_420_070_400_000, 4_102_444_800_000
"""2015-01-01 and 2100-01-01: no assistant has written a log outside of these years."""


def is_possible_time(time_ms: int) -> bool:
    """Whether a log can have been written then."""
    return EARLIEST_MS <= time_ms < LATEST_MS


class Tokens(NamedTuple):
    """Token counts of one response or of a sum of responses. All counts are non-negative integers."""

    input: int = 0
    """Prompt tokens neither read from nor written to a cache."""
    cache_read: int = 0
    cache_write_5m: int = 0
    cache_write_1h: int = 0
    output: int = 0
    """Everything the model produced, reasoning included."""
    reasoning: int = 0
    """The part of `output` spent on reasoning, where the assistant says so."""

    @property
    def total(self) -> int:
        """The sum of the five disjoint classes (reasoning is inside output)."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h + self.output

    @property
    def prompt(self) -> int:
        """All tokens sent to the model: what long-context price tiers look at."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h

    def plus(self, other: "Tokens") -> "Tokens":
        """The class-by-class sum."""
        return Tokens(*(a + b for a, b in zip(self, other, strict=True)))

    def at_least(self, other: "Tokens") -> "Tokens":
        """The class-by-class maximum: what several log lines of one response say together."""
        return Tokens(*(a if a > b else b for a, b in zip(self, other, strict=True)))


NO_TOKENS = Tokens()


class Usage(NamedTuple):
    """One billed model response as an assistant's log tells it. Never holds text of a conversation."""

    assistant: str
    """The reader's name, for example `claude-code`."""
    key: str
    """Identity of the response within its assistant: equal for every copy of it (a second scan, a moved file, a resumed
    or forked session), different for every other response."""
    time_ms: int
    """When the response was logged, in milliseconds since 1970-01-01 UTC."""
    model: str
    """The model's name as the log has it; prices normalise it."""
    tokens: Tokens
    session: str = ""
    cwd: str = ""
    """Working directory of the assistant at that moment, as the log has it; empty where the log does not say. Where it
    has only a digest of the project's root folder: `sha256:` and the digest in hex."""
    branch: str = ""
    """The assistant's own branch field, only a hint; empty where there is none."""
    branch_stale: bool = False
    """`branch` was taken at the start of a session or run, and HEAD is known or likely to have moved since."""
    provider: str = ""
    """Who serves the model, where the log says so (`anthropic`, `openai`, `aws`, ...); empty lets prices infer it."""
    kind: Kind = "response"
    speed: str = ""
    """Anthropic's `speed` (`fast`) where it is not the standard one; else empty."""
    tier: str = ""
    """Service tier (`priority`, `batch`, `flex`) where it is not the standard one; else empty."""
    web_searches: int = 0
    """Web-search requests the provider ran for this response; billed per request."""
    lower_bound: bool = False
    """The output count in the log is a placeholder or incomplete: the true figure is at least this."""
    copy_rank: int = 0
    """How sure it is that this is the original record and not a copy in a resumed or forked session:
    0 original, 1 cannot be told, 2 known copy. The place of the lowest rank wins."""
    weak_key: bool = False
    """The log line lacks what makes its id globally unique (a request id), so a record of another session that has the
    same key but other prompt counts is another response."""
    moves_head: bool = False
    """If HEAD moved in the second of `time_ms`, it moved after this response: a tool of the response moved it, or the
    log shows that the response was asked for before."""
    estimated: bool = False
    """The counts are the assistant's own estimate, or ours; no provider told them."""
    request_id: str = ""
    """The provider's id of the request, where the log has one beside `key`."""
    reported_cost: int | None = None
    """What the assistant itself says the response cost, in nano-dollars; kept for comparison and never counted."""
    geo: str = ""
    """The region in which the provider kept the inference (`us`), as it reports; empty where it ran anywhere."""


_ADDED = slice(Usage._fields.index("moves_head"), None)
"""What one record of a response may tell and another not."""


def merge(first: Usage, second: Usage) -> Usage:
    """What two records of one response say together: the most of each token class, the place of the surer original.

    Where neither is surer, `first` is the original. One record that tells the final output makes the response final.
    """
    kept, other = (second, first) if second.copy_rank < first.copy_rank else (first, second)
    may_learn = kept.weak_key or kept.lower_bound or kept[_ADDED] != other[_ADDED]
    if kept.tokens == other.tokens and kept.kind == other.kind and not may_learn:
        return kept
    return kept._replace(
        tokens=kept.tokens.at_least(other.tokens),
        web_searches=max(kept.web_searches, other.web_searches),
        kind="response" if "response" in (kept.kind, other.kind) else kept.kind,
        lower_bound=kept.lower_bound and other.lower_bound,
        weak_key=kept.weak_key and other.weak_key,
        moves_head=kept.moves_head or other.moves_head,
        estimated=kept.estimated and other.estimated,
        request_id=kept.request_id or other.request_id,
        reported_cost=other.reported_cost if kept.reported_cost is None else kept.reported_cost,
        geo=kept.geo or other.geo,
    )


def same_response(first: Usage, second: Usage) -> bool:
    """Whether two records with one key are one response.

    Gateways without request ids reuse message ids between sessions; what was sent to the model then tells them apart,
    since prompt counts are equal in all lines of a response (measured on 75,312 lines of Claude Code).
    """
    if not (first.weak_key and second.weak_key) or first.session == second.session:
        return True
    return first.tokens[:4] == second.tokens[:4]
