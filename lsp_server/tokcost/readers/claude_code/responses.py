"""The usage of a response, from one of its lines and from the surrounding lines, which show where it was requested."""

from typing import Annotated

import msgspec

from tokcost.model.usage import EARLIEST_MS, LATEST_MS, MAX_SEARCHES, MAX_TOKENS, Tokens, Usage
from tokcost.readers.claude_code.asking import Asking
from tokcost.readers.claude_code.lines import (
    ANYWHERE,
    KNOWN_COPY,
    STANDARD,
    Line,
    Message,
    MessageUsage,
    completeness,
    copy_rank,
    unless_usual,
)
from tokcost.readers.sources.records import Name

NAME = "claude-code"

_Count = Annotated[int, msgspec.Meta(ge=0, lt=MAX_TOKENS)]


class _Lifetimes(msgspec.Struct, gc=False):
    ephemeral_5m_input_tokens: _Count = 0
    ephemeral_1h_input_tokens: _Count = 0


class _Thinking(msgspec.Struct, gc=False):
    thinking_tokens: _Count = 0


class _Searches(msgspec.Struct, gc=False):
    web_search_requests: Annotated[int, msgspec.Meta(ge=0, lt=MAX_SEARCHES)] = 0


class _UsualUsage(msgspec.Struct, gc=False):
    """`message.usage` with valid counts, in one attempt: the decoder makes the checks for which `MessageUsage` needs
    further steps."""

    input_tokens: _Count = 0
    cache_read_input_tokens: _Count = 0
    cache_creation_input_tokens: _Count = 0
    cache_creation: _Lifetimes | None = None
    output_tokens: _Count = 0
    output_tokens_details: _Thinking | None = None
    server_tool_use: _Searches | None = None
    service_tier: Name | None = None
    speed: Name | None = None
    inference_geo: Name | None = None
    iterations: Annotated[tuple[msgspec.Raw, ...], msgspec.Meta(max_length=0)] = ()


_usual = msgspec.json.Decoder(_UsualUsage)


def usual_usage(asking: Asking, line: Line, message: Message, time_ms: int) -> Usage | None:
    """The usage of a response in the usual form: with a message id, a request id and valid counts, in one attempt.

    `None` for any other form, which `transcript.py` handles step by step; for this form those steps give the same
    result (`tests/readers/test_claude_code_usual.py`) and take twice the time.
    """
    key = message.id
    if not key or not line.request_id or line.request_session or not EARLIEST_MS <= time_ms < LATEST_MS:
        return None
    if message.stop_reason == "refusal" or message.model == "<synthetic>":
        return None
    try:
        usage = _usual.decode(message.usage)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    short = long = 0
    written, split, details = usage.cache_creation_input_tokens, usage.cache_creation, usage.output_tokens_details
    if split:
        short, long = split.ephemeral_5m_input_tokens, split.ephemeral_1h_input_tokens
    # As in `counts.tokens_of`.
    if written > short + long:
        short = written - long
    thinking = details.thinking_tokens if details else 0
    tokens = Tokens(usage.input_tokens, usage.cache_read_input_tokens, short, long, usage.output_tokens, thinking)
    return usage_of(asking, line, usage, key, time_ms, tokens)


def usage_of(
    asking: Asking, line: Line, usage: MessageUsage | _UsualUsage, key: str, time_ms: int, tokens: Tokens
) -> Usage:
    """The usage of a response with known counts."""
    message, request_id, branch = line.message or Message(), line.request_id or "", line.branch or ""
    kind, lower_bound = ("response", False) if message.stop_reason is not None else completeness(line, message)
    tools, speed, tier, geo = usage.server_tool_use, usage.speed, usage.service_tier, usage.inference_geo
    # By position, in the order of the fields: with names, making the tuple would take three times as long (1.1 µs).
    return Usage(
        NAME,
        key,
        time_ms,
        message.model or "",
        tokens,
        line.session or "",
        asking.folder(line),
        branch,
        asking.lags(branch, key, request_id, time_ms),
        "",
        kind,
        "" if speed in STANDARD else unless_usual(speed, STANDARD),
        "" if tier in STANDARD else unless_usual(tier, STANDARD),
        (tools.web_search_requests or 0) if tools else 0,
        lower_bound,
        KNOWN_COPY if asking.is_copy(time_ms) else copy_rank(line),
        not request_id,
        False,
        False,
        request_id,
        None,
        "" if geo in ANYWHERE else unless_usual(geo, ANYWHERE),
        line.sidechain is True,
        not lower_bound,
    )
