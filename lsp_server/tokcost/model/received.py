"""A response received as an assistant's telemetry: the only facts of an OpenTelemetry event that are kept."""

from typing import NamedTuple

from tokcost.model.usage import Tokens

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
