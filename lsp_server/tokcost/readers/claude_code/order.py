"""The rules by which a line continues a response, if lines have no request id.

Gateways leave request ids out, and some answer everything under one message id. The order of lines remains: the lines
of one response follow each other with the same prompt counts, without any message in between; results of tools may come
in between, if a tool ran while the response was still streaming. If lines name their parents, the parent of each block
of a response is the previous block, or a line logged after that; newer versions number the blocks.
"""

from collections.abc import Iterable

import msgspec

from tokcost.model.usage import Tokens
from tokcost.readers.sources.records import Name

MAX_OPEN = 8
"""The number of responses that are remembered between two reads of a file: sub-agents of old versions write to one
file, with their lines interleaved."""

MAX_BEHIND = 8
"""The number of lines after the latest ones of a response that are remembered by their ids."""

MERGED = "line that may be another line of the previous response: not counted"

_GOES_ON = (None, "tool_use", "pause_turn")
"""Stop reasons after which results of tools may precede the last line of a response."""


class Link(msgspec.Struct, gc=False):
    """The position of a line in its conversation, as far as it is recorded."""

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
    """Whether a tool's result was logged after its last line."""
    is_over: bool = False
    """Whether a message has followed since: only a line that names one of these as its parent continues it."""
    last: str = ""
    """The id of its last line."""
    block: int = -1
    """The number of that line's content block; -1 if unknown."""
    behind: tuple[str, ...] = ()
    """Ids of the lines after its first one, including itself, oldest first."""


class OpenResponses:
    """The responses without request ids to which a line may belong."""

    def __init__(self, known: Iterable[Open] = ()) -> None:
        self.responses = list(known)
        """These responses, oldest first. The list object stays the same."""
        self.doubtful = 0
        """Lines that were counted as further ones of a response, and may belong to another."""

    def knows(self, id: str) -> bool:
        """Whether a line with this message id may belong to one of them."""
        return any(one.id == id for one in self.responses)

    def first_time(self, id: str, time_ms: int, tokens: Tokens, stop_reason: str | None, link: Link) -> int:
        """The start time of the response to which a line with this message id, time and counts belongs."""
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
        """Add a line with a request id, by which the other lines of its response are recognised."""
        last = self._last(id, tokens, link)
        if last is None:
            return time_ms
        self.responses.remove(last)
        return last.time_ms

    def saw_user(self, *, is_result: bool) -> None:
        """Record that the user sent a message, or that a tool's result was logged."""
        for one in self.responses:
            one.is_over = one.is_over or not is_result
            one.has_results = True

    def saw_line(self, uuid: str, parent: str) -> None:
        """Record that a line with this id was logged after the line `parent`, and belongs to no response."""
        for one in self.responses:
            # Hooks log lines between two blocks of a response.
            if not parent or parent in one.behind:
                one.behind = _with(one.behind, uuid)

    def latest(self) -> tuple[Open, ...]:
        """The responses of the file to remember, except those with implausible ids."""
        return tuple(one for one in self.responses if one.id.isascii() and one.id.isprintable())

    def _last(self, id: str, tokens: Tokens, link: Link) -> Open | None:
        return next((one for one in reversed(self.responses) if one.id == id and _goes_on(one, tokens, link)), None)


def _with(ids: tuple[str, ...], id: str | None) -> tuple[str, ...]:
    return (*ids, id)[-MAX_BEHIND:] if id else ids


def _is_told(last: Open, link: Link) -> bool:
    """Whether a line itself shows that it continues a response."""
    names_it = link.parent in last.behind and not (last.has_results and link.parent != last.last)
    return names_it or bool(link.uuid and link.uuid == last.last) or _is_next_block(last, link) is True


def _is_next_block(last: Open, link: Link) -> bool | None:
    """Whether a block's number follows the last one; `None` if they have none."""
    return None if link.block is None or last.block < 0 else link.block > last.block


def _goes_on(last: Open, tokens: Tokens, link: Link) -> bool:
    """Whether a line with the same message id can be a further line of the same response."""
    if last.last and link.uuid == last.last:
        return True  # the same line repeated
    if _is_next_block(last, link) is False:
        return False
    if last.last and link.parent == last.last:
        return True
    if link.parent and last.behind and link.parent not in last.behind:
        return False
    if last.is_over or (last.has_results and last.stop_reason not in _GOES_ON):
        return False
    has_same_prompt = last.prompt == tokens[:4]
    if last.stop_reason is None:  # unfinished: the line may correct the stream's initial counts
        return has_same_prompt or not (last.has_results and any(last.prompt))
    # Two finished lines with different outputs are two responses.
    return has_same_prompt and last.output == tokens.output
