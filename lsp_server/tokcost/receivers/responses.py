"""Responses of models in the events that assistants send.

Each assistant has an event for each response, with counts of its own meaning. Names and meanings come from requests
that the programs sent to a receiver of ours (`tests/receivers/sent/`), and from their documentation:
https://docs.anthropic.com/en/docs/claude-code/monitoring-usage, `otel/src/events/session_telemetry.rs` of Codex,
`packages/core/src/telemetry` of Gemini CLI, `copilot help monitoring`.

Only the fields of `Received` leave this module, and their texts are no free text: a name with white space or of an
implausible length is refused.
"""

import re
from collections.abc import Callable, Mapping
from contextlib import suppress
from datetime import datetime

from tokcost.model.bounds import count, unquoted
from tokcost.model.received import Received
from tokcost.model.usage import MAX_TOKENS, Tokens, is_possible_time
from tokcost.receivers.otlp import Attributes, Event

_ID = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:#-]{0,127}")
"""The id of a session, a request or a span."""
_MODEL = re.compile(r"[A-Za-z0-9][A-Za-z0-9._:/+@\[\]-]{0,159}")
_SPEED = re.compile(r"[a-z]{1,20}")
_MOST_DOLLARS = 1_000_000


def response(event: Event) -> Received | None:
    """The response in an event; `None` if it contains none. Raises `ValueError` if it does and its counts, its time
    or its model are invalid."""
    of = _spans(event) if event.is_span else _logs(event)
    return None if of is None else of(event)


def _spans(event: Event) -> Callable[[Event], Received] | None:
    """Spans are read only from Copilot: other assistants have log records with the same information."""
    is_chat = event.attributes.text("gen_ai.operation.name") == "chat"
    return _copilot if is_chat and event.service in _COPILOT else None


def _logs(event: Event) -> Callable[[Event], Received] | None:
    name = event.attributes.text("event.name")
    # Claude Code sends the event's name without its prefix, and other programs may have an event of that name.
    if name == "api_request" and (event.service == "claude-code" or event.body == _CLAUDE):
        name = _CLAUDE
    if name == "codex.sse_event" and not _is_codex_response(event.attributes):
        return None
    return _LOGS.get(name)


def _is_codex_response(said: Attributes) -> bool:
    """Whether a Codex event is a response. The end of a stream is sent twice, once with its counts."""
    return said.text("event.kind") == "response.completed" and "input_token_count" in said


def _claude(event: Event) -> Received:
    said = event.attributes
    written, long = _count(said, "cache_creation_tokens"), _count(said, "cache_creation_1h_tokens")
    # Older versions send only the total; all of it then counts as written for five minutes.
    short = max(_count(said, "cache_creation_5m_tokens"), written - long)
    read, output = _needed(said, "input_tokens"), _needed(said, "output_tokens")
    tokens = Tokens(read, _count(said, "cache_read_tokens"), short, long, output)
    speed = said.text("speed")
    return _received(event, "claude-code", said.text("session.id"), tokens, request=said.text("request_id"))._replace(
        cost=_nano_dollars(said.get("cost_usd")),
        speed=speed if speed not in ("normal", "standard") and _SPEED.fullmatch(speed) else "",
    )


def _codex(event: Event) -> Received:
    """The counts of Codex. Input includes cache reads and writes, output includes reasoning, and the field called
    tool tokens is the total."""
    said = event.attributes
    whole, output = _needed(said, "input_token_count"), _needed(said, "output_token_count")
    cached, written = _count(said, "cached_token_count"), _count(said, "cache_write_token_count")
    thought = _count(said, "reasoning_token_count")
    tokens = Tokens(whole - cached - written, cached, written, output=output, reasoning=thought)
    return _received(event, "codex", said.text("conversation.id"), tokens)


def _gemini(event: Event) -> Received:
    return _received(event, "gemini-cli", event.attributes.text("session.id"), _with_thoughts(event.attributes, True))


def _qwen(event: Event) -> Received:
    said = event.attributes
    return _received(event, "qwen-code", said.text("session.id"), _with_thoughts(said, False))


def _with_thoughts(said: Attributes, beside: bool) -> Tokens:
    """The counts of Gemini CLI and its forks. The total shows whether thoughts are part of the output, and whether
    prompts of tools are part of the input; `beside` applies if it is missing."""
    whole, output = _needed(said, "input_token_count"), _needed(said, "output_token_count")
    cached, thoughts = _count(said, "cached_content_token_count"), _count(said, "thoughts_token_count")
    tool, total = _count(said, "tool_token_count"), _count(said, "total_token_count")
    if total and thoughts:
        # Asked of the numbers and not of the version, because forks take over changes of Gemini CLI at times of their
        # own.
        beside = total - whole - output in (thoughts, thoughts + tool)
    output += thoughts if beside else 0
    whole += tool if tool and total == whole + output + tool else 0
    return Tokens(whole - cached, cached, output=output, reasoning=thoughts)


def _copilot(event: Event) -> Received:
    """The counts of Copilot. Input includes cache reads and writes. Names with underscores are older than 1.0.64."""
    said = event.attributes
    whole, output = _needed(said, "gen_ai.usage.input_tokens"), _needed(said, "gen_ai.usage.output_tokens")
    cached = _first(said, "cache_read.input_tokens", "cache_read_input_tokens")
    written = _first(said, "cache_creation.input_tokens", "cache_write.input_tokens", "cache_creation_input_tokens")
    thought = _first(said, "reasoning.output_tokens", "reasoning_output_tokens")
    tokens = Tokens(whole - cached - written, cached, written, output=output, reasoning=thought)
    model = said.text("gen_ai.response.model") or said.text("gen_ai.request.model")
    session = said.text("gen_ai.conversation.id")
    return _received(event, _COPILOT[event.service], session, tokens, model=model, request=event.span_id)


def _first(said: Attributes, *names: str) -> int:
    return next((found for found in (_count(said, f"gen_ai.usage.{name}") for name in names) if found), 0)


_CLAUDE = "claude_code.api_request"
_LOGS: Mapping[str, Callable[[Event], Received]] = {
    _CLAUDE: _claude,
    "codex.sse_event": _codex,
    "gemini_cli.api_response": _gemini,
    "qwen-code.api_response": _qwen,
}
_COPILOT = {"github-copilot": "copilot-cli", "copilot-chat": "copilot-chat"}
"""`service.name` of Copilot CLI and Copilot Chat, and their readers."""


def _received(
    event: Event, assistant: str, session: str, tokens: Tokens, *, model: str | None = None, request: str = ""
) -> Received:
    said = event.attributes
    model = said.text("model") if model is None else model
    time_ms = _time_ms(event)
    if not _MODEL.fullmatch(model) or not is_possible_time(time_ms):
        raise ValueError("no model or no time")
    if not 0 <= min(tokens) <= max(tokens) < MAX_TOKENS or tokens.reasoning > tokens.output:
        raise ValueError("impossible counts")
    session = session if _ID.fullmatch(session) else ""
    if not _ID.fullmatch(request):
        # Codex, Gemini CLI and Qwen Code send no id of a response. An exporter that gets no answer sends a record
        # again, so the substitute has to be the same each time.
        sequence = said.get("event.sequence")
        number = sequence if isinstance(sequence, int) else 0
        request = f"{session}/{event.time_ns or time_ms}/{number}/{tokens.total}"
    return Received(assistant, f"{assistant}/{request}", time_ms, model, session, tokens)


def _time_ms(event: Event) -> int:
    with suppress(ValueError, OverflowError):
        # Codex leaves the time of the record itself at 0.
        moment = datetime.fromisoformat(event.attributes.text("event.timestamp"))
        if moment.tzinfo is not None:
            return round(moment.timestamp() * 1000)
    return event.time_ns // 1_000_000


def _needed(said: Attributes, name: str) -> int:
    if name not in said:
        raise ValueError("no counts")
    return _count(said, name)


def _count(said: Attributes, name: str) -> int:
    """A count, which some exporters send as text; 0 if it is missing. Raises `ValueError` for anything else."""
    found = said.get(name)
    if found is None and name in said:
        raise ValueError("impossible counts")
    return count(unquoted(found))


def _nano_dollars(said: str | int | float | None) -> int | None:
    with suppress(ValueError, TypeError):
        dollars = float(said) if said is not None else -1.0
        if 0 <= dollars < _MOST_DOLLARS:
            return round(dollars * 1e9)
    return None
