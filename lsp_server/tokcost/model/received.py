"""A response received as an assistant's telemetry: the only facts of an OpenTelemetry event that are kept."""

from typing import NamedTuple

from tokcost.model.usage import Tokens, Usage

OTEL = "otel"
"""The name under which received usage counts, and of its folder in `TOKCOST_HOME`."""


FROM_TEXT = {"copilot-chat-text": "copilot-chat", "cursor-text": "cursor"}
"""The names under which estimates from an assistant's texts count, and the names for that assistant's own counts."""


class Received(NamedTuple):
    """One response of a model. It has no folder, since telemetry names none, and no person's identity."""

    assistant: str
    """The name of the reader that reads this assistant's logs."""
    id: str
    """Identity: an event that is sent again has the same id."""
    time_ms: int
    """Milliseconds since 1970-01-01 UTC."""
    model: str
    session: str
    """The assistant's session id, as in its logs; empty if the assistant is configured not to send it."""
    tokens: Tokens
    cost: int | None = None
    """The cost reported by the assistant, in nano-dollars."""
    speed: str = ""
    """Anthropic's `speed` if it is not the standard one."""


def session_name(assistant: str, session: str) -> str:
    """The name of the session under which received usage is recorded: the assistant's name and the session id."""
    return f"{assistant}/{session}"


MOST_APART_MS = 10 * 60_000
"""The maximum time between two records of one response: a log may date it by its beginning, telemetry by its end."""
_SPAN_MS = 60_000
_SPANS_APART = MOST_APART_MS // _SPAN_MS
"""The maximum number of spans from one such record to the other. Records so many spans apart may be almost one span
further apart."""


def own_id(received: Usage) -> str:
    """The id of the request that telemetry names. A key derived from session and time equals no request id."""
    return received.key.partition("/")[2]


def ids_of(logged: Usage) -> tuple[str, ...]:
    """The ids by which telemetry may name the request of a logged response."""
    return tuple(name for name in (logged.request_id, logged.key, logged.key.rpartition(":")[2]) if name)


def counts_of(usage: Usage) -> tuple[int, ...]:
    """The counts that identify a response. Telemetry need not record the lifetime of a cache write."""
    tokens = usage.tokens
    return tokens.input, tokens.cache_read, tokens.cache_write_5m + tokens.cache_write_1h, tokens.output


def names_of_received(received: Usage) -> tuple[tuple[str, str], ...]:
    """The names by which a logged record of the same response is recognised: an assistant, with the id of the request,
    or with session, time and counts. Without a session, which cannot be guessed, time and counts are no name."""
    assistant, _, session = received.session.partition("/")
    moments = (_at(session, received, 0),) if session else ()
    return tuple((assistant, name) for name in (own_id(received), *moments))


def names_of_logged(logged: Usage, is_session_received: bool) -> tuple[tuple[str, str], ...]:
    """The names among which is one of `names_of_received` if the same response was received."""
    shifts = range(-_SPANS_APART, _SPANS_APART + 1) if is_session_received and logged.session else ()
    moments = (_at(logged.session, logged, shift) for shift in shifts)
    return tuple((logged.assistant, name) for name in (*ids_of(logged), *moments))


def _at(session: str, usage: Usage, shift: int) -> str:
    return f"{session}/{usage.time_ms // _SPAN_MS + shift}/{counts_of(usage)}"
