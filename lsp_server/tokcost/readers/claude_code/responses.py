"""The usage of a response, from a line of it and what the lines around it tell of where it was asked for."""

import msgspec

from tokcost.model.usage import Tokens, Usage, is_possible_time
from tokcost.readers.claude_code.asking import Asking
from tokcost.readers.claude_code.counts import tokens_of
from tokcost.readers.claude_code.lines import (
    ANYWHERE,
    KNOWN_COPY,
    STANDARD,
    Line,
    Message,
    MessageUsage,
    completeness,
    copy_rank,
    is_sane,
    unless_usual,
)

NAME = "claude-code"

_counts = msgspec.json.Decoder(MessageUsage)
_NO_ATTEMPTS = (msgspec.Raw(b"[]"), msgspec.Raw())


def usual_usage(asking: Asking, line: Line, time_ms: int) -> Usage | None:
    """The usage of a response that is logged as nearly all are: with a message id, a request id and sound counts, in
    one attempt. `None` where it is anything else, of which `transcript.py` knows the meaning step by step; for one like
    this those steps come to the same (`tests/readers/test_claude_code_usual.py`) and take twice the time."""
    message = line.message
    if message is None or not message.id or not line.request_id or line.request_session:
        return None
    if message.stop_reason == "refusal" or message.model == "<synthetic>" or not is_possible_time(time_ms):
        return None
    try:
        usage = _counts.decode(message.usage)
    except (msgspec.DecodeError, UnicodeDecodeError, RecursionError):
        return None
    tokens = tokens_of(usage)
    if tokens is None or usage.iterations not in _NO_ATTEMPTS or not is_sane(usage, ()):
        return None
    return usage_of(asking, line, usage, message.id, time_ms, tokens)


def usage_of(asking: Asking, line: Line, usage: MessageUsage, key: str, time_ms: int, tokens: Tokens) -> Usage:
    """The usage of a response whose counts are known."""
    message, request_id, branch = line.message or Message(), line.request_id or "", line.branch or ""
    kind, lower_bound = completeness(line, message)
    tools, speed, tier, geo = usage.server_tool_use, usage.speed, usage.service_tier, usage.inference_geo
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
