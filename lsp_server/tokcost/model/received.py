"""A response as an assistant's telemetry tells it: the only facts of an OpenTelemetry event that are kept."""

from typing import NamedTuple

from tokcost.model.usage import Tokens

OTEL = "otel"
"""The name under which received usage counts, and of the folder in `TOKCOST_HOME` that holds it."""


FROM_TEXT = {"copilot-chat-text": "copilot-chat", "cursor-text": "cursor"}
"""The names under which estimates from an assistant's texts count, and the names of that assistant's own counts."""


class Received(NamedTuple):
    """One response of a model. It has no folder, since telemetry names none, and no identity of a person."""

    assistant: str
    """The name of the reader that reads this assistant's logs."""
    id: str
    """Identity: an exporter that sends an event again sends the same one."""
    time_ms: int
    """Milliseconds since 1970-01-01 UTC."""
    model: str
    session: str
    """The assistant's own id of the session, as its logs have it; empty where it was told not to send one."""
    tokens: Tokens
    cost: int | None = None
    """The cost as the assistant says it, in nano-dollars."""
    speed: str = ""
    """Anthropic's `speed` where it is not the standard one."""


def session_name(assistant: str, session: str) -> str:
    """The name of the session under which received usage is recorded: whose it is and its own id."""
    return f"{assistant}/{session}"
