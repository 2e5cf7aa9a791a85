"""The rules by which a line goes on with a response, where lines have no request id.

Gateways leave request ids out, and some answer everything under one message id. What is left is the order of lines: the
lines of one response follow each other with the same prompt counts, and nobody says anything in between; results of
tools do come in between, where a tool ran while the response was still streaming. Where lines name their parents, each
block of a response has the one before it, or what was logged behind that, for its parent; newer versions number them.
"""

from collections.abc import Iterable

import msgspec

from tokcost.model.usage import Tokens
from tokcost.readers.sources.records import Name

MAX_OPEN = 8
"""The number of responses that are remembered from one look at a file to the next: sub-agents of old versions write
their lines into one file, mixed with each other's."""

MAX_BEHIND = 8
"""The number of lines behind the latest ones of a response that are remembered by their ids."""

MERGED = "line that nothing tells from a further one of the response before it: not counted, though it may be another"

_GOES_ON = (None, "tool_use", "pause_turn")
"""Reasons to stop after which results of tools may come before the last line of a response."""


class Link(msgspec.Struct, gc=False):
    """The place of a line in its conversation, as far as it says so."""

    uuid: Name | None = None
    parent: Name | None = msgspec.field(default=None, name="parentUuid")
    block: int | None = msgspec.field(default=None, name="apiBlockIndex")
    """The number of its content block within the response."""


class Open(msgspec.Struct, gc=False, eq=False):
    """A response without a request id to which the next line may belong."""

    id: str
    time_ms: int
    """Of its first line."""
    prompt: tuple[int, ...]
    output: int
    stop_reason: str | None = None
    has_results: bool = False
    """A tool's result was logged behind its last line."""
    is_over: bool = False
    """Somebody said something since: only a line that names one of these as its parent goes on with it."""
    last: str = ""
    """The id of its last line."""
    block: int = -1
    """The number of the content block of that; -1 where it does not say."""
    behind: tuple[str, ...] = ()
    """Ids of what was logged behind its first line, itself included, oldest first."""


class OpenResponses:
    """The responses without request ids to which a line may belong."""

    def __init__(self, known: Iterable[Open] = ()) -> None:
        self.responses = list(known)
        """Those, oldest first. It stays the same list."""
        self.doubtful = 0
        """Lines that were taken for further ones of a response, and may be another's."""

    def knows(self, id: str) -> bool:
        """Whether a line of this message id may belong to one of them."""
        return any(one.id == id for one in self.responses)

    def first_time(self, id: str, time_ms: int, tokens: Tokens, stop_reason: str | None, link: Link) -> int:
        """The start time of the response to which a line of this message id, time and counts belongs."""
        last = self._last(id, tokens, link)
        if last is None:
            last = Open(id, time_ms, tokens[:4], tokens.output)
        else:
            self.responses.remove(last)
            if last.stop_reason is not None and not _is_told(last, link):
                self.doubtful += 1
        last.prompt, last.output, last.stop_reason = tokens[:4], tokens.output, stop_reason
        last.has_results = last.is_over = False
        last.last, last.block = link.uuid or "", -1 if link.block is None else link.block
        last.behind = _with(last.behind, link.uuid)
        self.responses.append(last)
        del self.responses[:-MAX_OPEN]
        return last.time_ms

    def taken_up(self, id: str, time_ms: int, tokens: Tokens, link: Link) -> int:
        """Take up a line that has a request id, by which the other lines of its response are known."""
        last = self._last(id, tokens, link)
        if last is None:
            return time_ms
        self.responses.remove(last)
        return last.time_ms

    def saw_user(self, *, is_result: bool) -> None:
        """Note that the user said something, or that a tool's result was logged."""
        for one in self.responses:
            one.is_over = one.is_over or not is_result
            one.has_results = True

    def saw_line(self, uuid: str, parent: str) -> None:
        """Note that a line with this id was logged behind the line `parent`, and that it is no response's."""
        for one in self.responses:
            if not parent or parent in one.behind:
                one.behind = _with(one.behind, uuid)

    def latest(self) -> tuple[Open, ...]:
        """The responses to remember of the file. Odd ids are not worth it."""
        return tuple(one for one in self.responses if one.id.isascii() and one.id.isprintable())

    def _last(self, id: str, tokens: Tokens, link: Link) -> Open | None:
        return next((one for one in reversed(self.responses) if one.id == id and _goes_on(one, tokens, link)), None)


def _with(ids: tuple[str, ...], id: str | None) -> tuple[str, ...]:
    return (*ids, id)[-MAX_BEHIND:] if id else ids


def _is_told(last: Open, link: Link) -> bool:
    """Whether a line says itself that it goes on with a response."""
    names_it = link.parent in last.behind and not (last.has_results and link.parent != last.last)
    return names_it or bool(link.uuid and link.uuid == last.last) or _is_next_block(last, link) is True


def _is_next_block(last: Open, link: Link) -> bool | None:
    """Whether the number of a block comes after the last one; `None` where they have none."""
    return None if link.block is None or last.block < 0 else link.block > last.block


def _goes_on(last: Open, tokens: Tokens, link: Link) -> bool:
    """Whether a line with the same message id can be a further one of the same response."""
    if last.last and link.uuid == last.last:
        return True  # the same line once more
    if _is_next_block(last, link) is False:
        return False
    if last.last and link.parent == last.last:
        return True
    if link.parent and last.behind and link.parent not in last.behind:
        return False
    if last.is_over or (last.has_results and last.stop_reason not in _GOES_ON):
        return False
    has_same_prompt = last.prompt == tokens[:4]
    if last.stop_reason is None:  # not finished: the line may correct what the stream began with
        return has_same_prompt or not (last.has_results and any(last.prompt))
    return has_same_prompt and last.output == tokens.output
