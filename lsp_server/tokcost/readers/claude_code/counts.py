"""The counts of a response as logged by Claude Code, and those of the attempts inside it (`usage.iterations`).

Several calls can be made to answer one request: the context is compacted, an advisor is asked, one model declines and
another one answers. The sum of the calls is billed, each at the rates of its own model; the top-level counts of `usage`
describe those that gave the answer (https://platform.claude.com/docs/en/build-with-claude/compaction and
.../refusals-and-fallback).
"""

from collections.abc import Iterable, Sequence
from typing import NamedTuple

import msgspec

from tokcost.model.usage import MAX_TOKENS, NO_TOKENS, Kind, Tokens
from tokcost.readers.sources.odd_fields import items_of, without_odd_fields
from tokcost.readers.sources.records import Name, decoded

COUNTS = ("input_tokens", "cache_read_input_tokens", "cache_creation_input_tokens", "output_tokens")
"""Fields without which the counts of a response are unknown."""

DECLINED = "attempt that a model declined before any output, not billed"


class _CacheCreation(msgspec.Struct, gc=False):
    ephemeral_5m_input_tokens: int | None = None
    ephemeral_1h_input_tokens: int | None = None


class _OutputDetails(msgspec.Struct, gc=False):
    thinking_tokens: int | None = None


class Counts(msgspec.Struct, gc=False):
    """The counts of every call."""

    input_tokens: int | None = None
    cache_read_input_tokens: int | None = None
    cache_creation_input_tokens: int | None = None
    cache_creation: _CacheCreation | None = None
    output_tokens: int | None = None
    output_tokens_details: _OutputDetails | None = None


class Attempt(Counts, gc=False):
    """One element of `usage.iterations`."""

    type: str | None = None
    model: Name | None = None


class Call(NamedTuple):
    """A billed call that the top-level counts exclude."""

    name: str
    """Distinguishes it from the other calls of its response."""
    kind: Kind
    type: str
    model: str | None
    """`None` or empty if the attempt does not name one."""
    tokens: Tokens


class Attempts(NamedTuple):
    """The calls found in the attempts of a response."""

    calls: Sequence[Call] = ()
    declined: int = 0
    """Attempts that were declined before any output, which costs nothing."""
    damaged: int = 0
    """Attempts whose counts are unknown, or for which it is unknown whether the top-level counts include them."""


class _Requested(msgspec.Struct, gc=False):
    """The models that were requested, according to a line."""

    answer: Name | None = msgspec.field(default=None, name="requestedModel")
    advice: Name | None = msgspec.field(default=None, name="advisorModel")


_requested = msgspec.json.Decoder(_Requested)
_attempts = msgspec.json.Decoder(list[Attempt | None] | None)


def read_attempts(written: bytes) -> list[Attempt | None]:
    """The elements of `usage.iterations`; `None` for one without valid counts. Anything that is no object is no
    attempt."""
    if written in (b"", b"[]", b"null"):
        return []
    found = decoded(_attempts, written)
    if found is not None:
        return [one for one in found if one is not None]
    objects = [one for one in items_of(written) if one.startswith(b"{")]
    return [without_odd_fields(Attempt, one, needed=COUNTS) for one in objects]


def tokens_of(counts: Counts) -> Tokens | None:
    """The disjoint classes, or `None` for impossible numbers. Cache writes without lifetimes count as 5-minute ones."""
    split, details, written = counts.cache_creation, counts.output_tokens_details, counts.cache_creation_input_tokens
    long = (split.ephemeral_1h_input_tokens or 0) if split else 0
    short = (split.ephemeral_5m_input_tokens or 0) if split else 0
    # Versions before about 1.0.98 write no lifetimes. Later ones write two that add up to the total.
    if written and written != short + long:
        short = max(short, written - long)
    thinking = (details.thinking_tokens or 0) if details else 0
    read, cached, output = counts.input_tokens or 0, counts.cache_read_input_tokens or 0, counts.output_tokens or 0
    found = Tokens(read, cached, short, long, output, thinking)
    return found if min(found) >= 0 and max(found) < MAX_TOKENS else None


def with_split(top: Tokens, counts: Counts, attempts: Sequence[Attempt | None]) -> Tokens:
    """The top-level counts, with the lifetimes of cache writes if only the attempt they describe has them."""
    if counts.cache_creation is not None or not top.cache_write_5m:
        return top
    for attempt in attempts:
        tokens = tokens_of(attempt) if attempt and attempt.cache_creation else None
        if tokens is not None and _are_equal(tokens, top):
            return tokens._replace(reasoning=top.reasoning)
    return top


def calls_besides(top: Tokens, attempts: Sequence[Attempt | None]) -> Attempts:
    """The billed calls that the top-level counts exclude.

    These never include a compaction or an advisor. Of several attempts to answer they include all, or only the
    successful one: in the latter case the others were declined, and those that had written something by then are
    billed.
    """
    read = [(number, one, None if one is None else tokens_of(one)) for number, one in enumerate(attempts)]
    sound = [(number, one, tokens) for number, one, tokens in read if one is not None and tokens is not None]
    damaged = len(read) - len(sound)
    # The rounds of a server tool, for example, are all in the top-level counts.
    if len(sound) > 1 and _are_equal(top, _sum(tokens for _, _, tokens in sound)):
        return Attempts(damaged=damaged)
    tries = [(number, one, tokens) for number, one, tokens in sound if _is_try(one)]
    failed = _failed(top, [(one, tokens) for _, one, tokens in tries])
    calls: list[Call] = []
    declined = 0
    for place, (number, one, tokens) in enumerate(tries):
        if place in failed and tokens.output:
            calls.append(Call(f"declined{number}", "fallback", "message", one.model, tokens))
        elif place in failed:
            declined += 1
    is_known = not tries or _explains(top, [tokens for _, _, tokens in tries])
    for number, one, tokens in sound:
        if _is_try(one) or not tokens.total:
            continue
        # A kind that is not known yet counts only if the top-level counts certainly leave it out.
        if one.type in _NAMES or is_known:
            name = _NAMES.get(one.type or "", "call")
            calls.append(Call(f"{name}{number}", "advisor", one.type or "", one.model, tokens))
        else:
            damaged += 1
    return Attempts(calls, declined, damaged)


def model_of(call: Call, answering: str, line: bytes) -> str:
    """The model of a call that does not name one. A compaction is done by the model that answers; a model that
    declined or gave advice is another one, which only the line can name."""
    if call.type not in ("message", "advisor_message"):
        return answering
    asked = decoded(_requested, line) or without_odd_fields(_Requested, line) or _Requested()
    return (asked.answer if call.type == "message" else asked.advice) or ""


_NAMES = {"advisor_message": "advisor", "compaction": "compaction"}


def _is_try(attempt: Attempt) -> bool:
    return attempt.type in (None, "message", "fallback_message")


def _failed(top: Tokens, tries: Sequence[tuple[Attempt, Tokens]]) -> set[int]:
    """The positions of the attempts that did not give the answer described by the top-level counts."""
    counted = [tokens for _, tokens in tries]
    if len(tries) < 2 or _are_equal(top, _sum(counted)):
        return set()
    # Where a model declines and another answers, the top-level counts equal the last attempt.
    served = [place for place, tokens in enumerate(counted) if _are_equal(top, tokens)]
    if not served and all(one.type != "fallback_message" for one, _ in tries):
        return set()  # the top-level counts are of another kind and take precedence
    return set(range(len(tries))) - {served[-1] if served else len(tries) - 1}


def _explains(top: Tokens, tries: Sequence[Tokens]) -> bool:
    """Whether the top-level counts are those of attempts to answer, so that they include no other call."""
    return _are_equal(top, _sum(tries)) or any(_are_equal(top, one) for one in tries)


def _are_equal(one: Tokens, other: Tokens) -> bool:
    """Whether two counts are equal, however much of them is divided."""
    return (one.input, one.cache_read, one.prompt, one.output) == (
        other.input,
        other.cache_read,
        other.prompt,
        other.output,
    )


def _sum(many: Iterable[Tokens]) -> Tokens:
    total = NO_TOKENS
    for one in many:
        total = total.plus(one)
    return total
