"""The rules by which a line goes on with a response, where lines have no request id.

Gateways leave request ids out, and some answer everything under one message id. What is left is the order of lines: the
lines of one response follow each other with the same prompt counts, and nobody says anything in between; results of
tools do come in between, where a tool ran while the response was still streaming.
"""

from collections.abc import Iterable

import msgspec

from tokcost.model.usage import Tokens

MAX_OPEN = 8
"""So many responses are remembered from one look at a file to the next: sub-agents of old versions write theirs among
each other into one file."""

_GOES_ON = (None, "tool_use", "pause_turn")
"""Reasons to stop after which results of tools may come before the last line of a response."""


class Open(msgspec.Struct, gc=False):
    """A response without a request id to which the next line may belong."""

    id: str
    time_ms: int
    """Of its first line."""
    prompt: tuple[int, ...]
    output: int
    stop_reason: str | None = None
    has_results: bool = False
    """A tool's result was logged behind its last line."""


class OpenResponses:
    """The responses without request ids that were begun since somebody last said something."""

    def __init__(self, known: Iterable[Open] = ()) -> None:
        self.by_id = {one.id: one for one in known}

    def first_time(self, id: str, time_ms: int, tokens: Tokens, stop_reason: str | None) -> int:
        """The start time of the response to which a line of this message id, time and counts belongs."""
        last = self.by_id.pop(id, None)
        if last is not None and _goes_on(last, tokens):
            time_ms = last.time_ms
        prompt = tokens[:4]
        self.by_id[id] = Open(id, time_ms, prompt, tokens.output, stop_reason)
        return time_ms

    def taken_up(self, id: str, time_ms: int, tokens: Tokens) -> int:
        """The same for a line that has a request id, by which its further lines are known."""
        last = self.by_id.pop(id)
        return last.time_ms if _goes_on(last, tokens) else time_ms

    def saw_user(self, *, is_result: bool) -> None:
        """The user said something, or a tool's result was logged."""
        if not is_result:
            self.by_id.clear()
        for one in self.by_id.values():
            one.has_results = True

    def latest(self) -> tuple[Open, ...]:
        """The responses to remember of the file. Odd ids are not worth it."""
        return tuple(one for one in list(self.by_id.values())[-MAX_OPEN:] if one.id.isascii() and one.id.isprintable())


def _goes_on(last: Open, tokens: Tokens) -> bool:
    """Whether a line with the same message id can be a further one of the same response."""
    if last.has_results and last.stop_reason not in _GOES_ON:
        return False
    if last.stop_reason is None and not (last.has_results and any(last.prompt)):
        return True  # not finished: the line may correct what the stream began with
    return last.prompt == tokens[:4] and (any(last.prompt) or last.output == tokens.output)
