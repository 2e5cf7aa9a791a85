"""The APIs that assistants speak to models: how each asks, answers and counts."""

from real_assistants.dialects import anthropic, chat, gemini, responses
from real_assistants.dialects.common import Dialect

_DIALECTS: tuple[Dialect, ...] = (
    Dialect("/v1/messages", anthropic),
    Dialect("/responses", responses),
    Dialect("/chat/completions", chat),
    Dialect("enerateContent", gemini),
)


def of(path: str) -> Dialect | None:
    """The API that a request's path belongs to."""
    bare = path.partition("?")[0]
    return next((one for one in _DIALECTS if bare.endswith(one.path_ends)), None)
