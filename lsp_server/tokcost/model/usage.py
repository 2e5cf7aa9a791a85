"""One billed model response, in the normal form that every reader produces.

The token classes are disjoint, so a cost is a plain dot product of counts and rates. `reasoning` is the informative
exception: it is part of `output` and never added to it.
"""

from collections.abc import Mapping
from typing import Literal, NamedTuple

Kind = Literal["response", "partial", "unlogged", "advisor", "fallback"]
"""The kinds of usage.

- `response`: an ordinary model response, as logged.
- `partial`: a response whose stream broke; its input is exact, its output is what had arrived by then, and whether the
  provider bills it is not known from the log.
- `unlogged`: a paid call that left no usage line (compaction, titles), recovered from a session's own total.
- `advisor`: a further call inside a response (an advisor that was consulted, a compaction), not contained in that
  response's counts.
- `fallback`: an attempt that one model broke off, and that is billed, before another model answered.
"""

KINDS: tuple[Kind, ...] = ("response", "partial", "unlogged", "advisor", "fallback")

MAX_TOKENS = 1_000_000_000
"""A larger count means a damaged record: no single response reaches a billion tokens."""

MAX_FACTOR_PERCENT = 1_000
"""No tokenizer takes ten times as many tokens as another one."""

MAX_SEARCHES = 10_000
"""No response runs more web searches."""

EARLIEST_MS, LATEST_MS = 1_420_070_400_000, 4_102_444_800_000
"""2015-01-01 and 2100-01-01: no assistant has written a log outside these years."""


def is_possible_time(time_ms: int) -> bool:
    """Whether a log can have been written at that time."""
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
    """The part of `output` spent on reasoning, if the assistant reports it."""

    @property
    def total(self) -> int:
        """The sum of the five disjoint classes (reasoning is inside output)."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h + self.output

    @property
    def prompt(self) -> int:
        """All tokens sent to the model, which decide long-context price tiers."""
        return self.input + self.cache_read + self.cache_write_5m + self.cache_write_1h

    def plus(self, other: "Tokens") -> "Tokens":
        """The class-by-class sum."""
        return Tokens(*(a + b for a, b in zip(self, other, strict=True)))

    def at_least(self, other: "Tokens") -> "Tokens":
        """The class-by-class maximum: the counts of one response according to several log lines."""
        return Tokens(*(a if a > b else b for a, b in zip(self, other, strict=True)))


NO_TOKENS = Tokens()


class Usage(NamedTuple):
    """One billed model response as logged by an assistant. Never holds text of a conversation."""

    assistant: str
    """The reader's name, for example `claude-code`."""
    key: str
    """Identity of the response within its assistant: equal for every copy of it (a second scan, a moved file, a resumed
    or forked session), different for every other response. Where an assistant's ids are not unique, `request_id` and
    `weak_key` tell responses with one key apart (`same_response`); the ledger then adds to the key."""
    time_ms: int
    """The time at which the response was logged, in milliseconds since 1970-01-01 UTC."""
    model: str
    """The model's name in the log; prices normalise it."""
    tokens: Tokens
    session: str = ""
    cwd: str = ""
    """Working directory of the assistant at that moment, as logged; empty if the log does not record it. If the log
    has only a digest of the project's root folder: `sha256:` and the digest in hex."""
    branch: str = ""
    """The assistant's own branch field, a mere hint; empty if there is none."""
    branch_stale: bool = False
    """Whether `branch` was recorded at the start of a session or run, and HEAD is known or likely to have moved
    since."""
    provider: str = ""
    """The provider that serves the model, if the log names it (`anthropic`, `openai`, `aws`, ...); if empty, prices
    infer it."""
    kind: Kind = "response"
    speed: str = ""
    """Anthropic's `speed` (`fast`) if it is not the standard one; else empty."""
    tier: str = ""
    """Service tier (`priority`, `batch`, `flex`) if it is not the standard one; else empty."""
    web_searches: int = 0
    """Web-search requests the provider ran for this response; billed per request."""
    lower_bound: bool = False
    """Whether the output count in the log is a placeholder or incomplete: the true figure is at least this."""
    copy_rank: int = 0
    """The likelihood that this is a copy in a resumed or forked session: 0 original, 1 unknown, 2 known copy. The
    place of the lowest rank wins."""
    weak_key: bool = False
    """Whether the log line lacks what makes its id globally unique (a request id), so that a record with the same
    key and another time is another response."""
    moves_head: bool = False
    """Whether HEAD, if it moved in the second of `time_ms`, moved after this response: a tool of the response moved
    it, or the log shows that the response was requested before."""
    estimated: bool = False
    """Whether the counts are an estimate, the assistant's or ours, because no provider reported them."""
    request_id: str = ""
    """The provider's id of the request, if the log has one besides `key`. Records with one key and different request
    ids are different responses."""
    reported_cost: int | None = None
    """The cost of the response as reported by the assistant, in nano-dollars; kept for comparison and never counted."""
    geo: str = ""
    """The region in which the provider kept the inference (`us`), as it reports; empty if it was not restricted."""
    subagent: bool = False
    """Whether a sub-agent made the response, according to its log. If each agent has a log of its own, the path may
    be the only sign."""
    final: bool = False
    """Whether these counts are the assistant's final ones: if they are lower than those of an earlier record of the
    same response, they correct it. Not recorded, because everything in the ledger was read earlier."""
    factor_percent: int = 0
    """The factor, in percent, by which tokens counted in text were multiplied for the model's own tokenizer: 118 is
    1.18. 0 if we did not count the tokens."""


_ADDED = slice(Usage._fields.index("moves_head"), Usage._fields.index("final"))
"""The fields that one record of a response may have and another lack."""


def merge(first: Usage, second: Usage) -> Usage:
    """Merge two records of one response; `second` was read later.

    The counts follow `_counted`; the place is that of the better original, or of `first` if neither is better. If one
    record has the final output, the response is final.
    """
    kept, other = (second, first) if second.copy_rank < first.copy_rank else (first, second)
    may_learn = kept.weak_key or kept.lower_bound or kept[_ADDED] != other[_ADDED]
    if kept.tokens == other.tokens and kept.kind == other.kind and not may_learn:
        return kept
    tokens, told_by = _counted(first, second)
    priced_as = told_by or kept
    return kept._replace(
        model=priced_as.model or kept.model,
        speed=priced_as.speed,
        tier=priced_as.tier,
        tokens=tokens,
        web_searches=max(kept.web_searches, other.web_searches),
        kind="response" if "response" in (kept.kind, other.kind) else kept.kind,
        lower_bound=_is_lower_bound(first, second),
        weak_key=kept.weak_key and other.weak_key,
        moves_head=kept.moves_head or other.moves_head,
        estimated=kept.estimated and other.estimated,
        request_id=kept.request_id or other.request_id,
        reported_cost=other.reported_cost if kept.reported_cost is None else kept.reported_cost,
        geo=kept.geo or other.geo,
        factor_percent=(told_by or second).factor_percent,
        subagent=kept.subagent or (other.subagent and other.copy_rank == kept.copy_rank),
        final=kept.final or other.final,
    )


def _counted(first: Usage, second: Usage) -> tuple[Tokens, Usage | None]:
    """The counts that are valid, and the record that decides them, if one does.

    Reported counts outweigh estimates, and complete counts outweigh those logged while the response was still being
    written. Of two complete records, a final one corrects an earlier one, unless the earlier one is the better
    original. Otherwise counts can only have grown, and the maximum of each class is valid; but the later record knows
    better which class a prompt belongs to (cached prompts are recognised late).
    """
    if first.estimated != second.estimated:
        told = second if first.estimated else first
        return told.tokens, told
    later, earlier = (second, first) if second.copy_rank <= first.copy_rank else (first, second)
    if first.lower_bound != second.lower_bound:
        later, earlier = (first, second) if second.lower_bound else (second, first)
    elif first.lower_bound:
        most = first.tokens.at_least(second.tokens)
        return _with_prompt_of(later, earlier)._replace(output=most.output, reasoning=most.reasoning), None
    elif not second.final:
        return first.tokens.at_least(second.tokens), None
    return _with_prompt_of(later, earlier), later


def _is_lower_bound(first: Usage, second: Usage) -> bool:
    """Whether the output is only a lower bound. An estimate does not make a count final."""
    if first.estimated != second.estimated:
        return (second if first.estimated else first).lower_bound
    return first.lower_bound and second.lower_bound


def _with_prompt_of(later: Usage, earlier: Usage) -> Tokens:
    """The counts of `later`, with the prompt of the earlier record if `later` has no counts, or none of the prompt."""
    if later.tokens.prompt:
        return later.tokens
    output, reasoning = (later if later.tokens.output else earlier).tokens[4:]
    return earlier.tokens._replace(output=output, reasoning=reasoning)


def same_response(first: Usage, second: Usage) -> bool:
    """Whether two records with one key are one response.

    Message ids are not unique: gateways answer everything under one id, and an overloaded provider gave several calls
    the same id. Request ids distinguish such responses, with one exception: the file of a side question repeats
    responses of its parent under request ids of its own. A record that may be a copy (`copy_rank`) is the same response
    if its counts or its time are equal.

    Without request ids, time and prompt decide: copies keep the time, and all lines of a response have the same prompt
    counts (measured on 75,312 lines of Claude Code) unless a later one corrects them.
    """
    if first.request_id and second.request_id:
        if first.request_id == second.request_id:
            return True
        may_be_copy = (first.copy_rank == 0) != (second.copy_rank == 0)
        return may_be_copy and (first.time_ms == second.time_ms or first.tokens == second.tokens)
    if not (first.weak_key or second.weak_key):
        return True
    same_prompt, same_time = first.tokens[:4] == second.tokens[:4], first.time_ms == second.time_ms
    if first.weak_key and second.weak_key:
        return same_time and (same_prompt or first.lower_bound or second.lower_bound)
    return same_prompt or (same_time and (first.lower_bound or second.lower_bound))


def find_key(known: Mapping[str, Usage], usage: Usage) -> str:
    """The key under which `known` has the response of a record, or under which it is to be added: its own key,
    unless that belongs to another response."""
    before = known.get(usage.key)
    if before is None or (usage.request_id and before.request_id == usage.request_id):
        return usage.key
    keys = further_keys(usage)
    if usage.request_id and keys[0] in known:
        return keys[0]
    if same_response(before, usage):
        return usage.key
    for key in keys:
        found = known.get(key)
        if found is not None and same_response(found, usage):
            return key
    return keys[0] if keys[0] not in known else keys[1]


def is_sum(usage: Usage) -> bool:
    """Whether usage may be that of several calls, as a session's sum has them."""
    return usage.kind == "unlogged"


def unlogged_prefix(session: str) -> str:
    """The beginning of the keys of a session's unlogged usage."""
    return f"{session}#unlogged:"


def further_keys(usage: Usage) -> tuple[str, ...]:
    """The keys that a response may have if its own belongs to another one. It gets the first, or the second if that
    is taken; earlier versions recorded some under the last."""
    at = f"{usage.key}@{usage.time_ms}"
    if usage.request_id:
        return f"{usage.key}@{usage.request_id}", at
    return at, f"{at}.{'.'.join(map(str, usage.tokens[:4]))}", f"{usage.key}@{usage.session}"
