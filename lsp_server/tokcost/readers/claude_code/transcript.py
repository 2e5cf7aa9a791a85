"""Lines of a Claude Code transcript.

One response is logged as one line per content block, each repeating the same `message.id` and `usage`; resumed and
forked sessions copy history into new files; sub-agents have separate files. One rule covers all of this: a response
*is* its message id, each token class counts with the maximum of all lines, and its place is that of the original line.

Usage without a line (compaction, titles) is in `cost-state`, the session's running total in newer versions. Those
records become `SessionTotal` values and are compared with the lines once everything has been read.
"""

from contextlib import suppress

import msgspec

from tokcost.model.bounds import MAX_PARENTS
from tokcost.model.logs import Batch, SessionTotal, Source, WorktreeOrigin
from tokcost.model.usage import Usage, find_key, further_keys, is_possible_time, merge
from tokcost.readers.claude_code.asking import COMMAND, COMMAND_WITHIN, Asking, State, identity
from tokcost.readers.claude_code.counts import (
    COUNTS,
    DECLINED,
    Attempt,
    calls_besides,
    model_of,
    read_attempts,
    tokens_of,
    with_split,
)
from tokcost.readers.claude_code.fragments import (
    CLOSE,
    COMPACTION,
    PARENT,
    REPLY,
    STATE,
    TOTAL,
    UUID,
    WORKTREE,
    Replies,
    looks_whole,
    reason_of,
    written_id,
)
from tokcost.readers.claude_code.line_times import LineTimes
from tokcost.readers.claude_code.lines import Line, Message, MessageUsage, is_sane
from tokcost.readers.claude_code.order import MERGED, Link, OpenResponses
from tokcost.readers.claude_code.repetition import HEAD, Repetition
from tokcost.readers.claude_code.responses import usage_of, usual_usage
from tokcost.readers.claude_code.totals import read_totals
from tokcost.readers.claude_code.worktree_state import worktree_origins
from tokcost.readers.sources import new_lines
from tokcost.readers.sources.new_lines import BLANK
from tokcost.readers.sources.odd_fields import without_odd_fields
from tokcost.readers.sources.records import decoded, going_on, kind_of, milliseconds
from tokcost.readers.sources.salvage import BrokenLine, Salvager, is_record, whole_rest

_IDS = ("id", "requestId", "uuid", "sessionId")
"""Keys whose value may be a number."""


_line = msgspec.json.Decoder(Line)
_counts = msgspec.json.Decoder(MessageUsage | None)
_link = msgspec.json.Decoder(Link)
_state = msgspec.json.Decoder(State)
_encode = msgspec.json.Encoder().encode


def read_transcript(source: Source, cursor: bytes | None) -> Batch:
    """New responses, session totals and worktrees of one transcript. Raises `OSError` if it cannot be read."""
    lines, state = going_on(source, cursor, _state)
    found = _Transcript(state or State(), is_begun=lines.offset > 0)
    for block in lines:
        found.take(block)
        if found.count >= new_lines.MAX_RECORDS:
            lines.stop()
    if rest := whole_rest(lines):
        found.take(rest)
    written = found.remembered()
    for head in lines.too_long:
        found.pass_over(head)
    if found.repeated:
        found.duplicates["further line of the same response"] = found.repeated
    if found.doubtful:
        found.skipped[MERGED] = found.doubtful
    return Batch(
        lines.cursor(written),
        found.responses(),
        found.totals,
        found.worktrees,
        found.skipped,
        found.duplicates,
        found.retracted,
        restarted=lines.restarted,
        more=lines.more,
        position=lines.offset,
    )


class _Transcript:
    """The usage in the lines of one file, collected block by block."""

    def __init__(self, state: State, *, is_begun: bool) -> None:
        self.state = state
        self._asking = Asking(state)
        self._is_begun = is_begun
        self.totals: list[SessionTotal] = []
        self.worktrees: list[WorktreeOrigin] = []
        self.skipped: dict[str, int] = {}
        self.duplicates: dict[str, int] = {}
        self.retracted: list[str] = []
        self.repeated = 0
        self._found: dict[str, Usage] = {}
        self._requests: dict[tuple[str, str], str] = {}
        """Keys, by message and request id, of requests whose further lines are not found under the message id alone."""
        self._last: Line | None = None
        self._key = ""
        """The key of the last response."""
        self._repetition = Repetition()
        self._times = LineTimes()
        self._last_ms: int | None = None
        """The time of the last line with a time in the previous blocks."""
        self._open = OpenResponses(state.open)
        self._is_mended = False
        """Whether no line of the block is broken."""
        self._salvager = Salvager()

    @property
    def count(self) -> int:
        """The number of records found."""
        return len(self._found) + len(self.totals) + len(self.worktrees)

    @property
    def doubtful(self) -> int:
        """The number of lines for which it is unknown whether they are another response."""
        return self._open.doubtful

    def responses(self) -> list[Usage]:
        """One usage for each response, in the order of their first lines."""
        return list(self._found.values())

    def remembered(self) -> bytes:
        """The encoded state of the file for the next read."""
        self._asking.remember()
        self.state.open = self._open.latest()
        if last := self._found.get(self._key):
            self.state.unfinished = identity(last) if last.lower_bound else ""
        return _encode(self.state)

    def take(self, block: bytes) -> None:
        """Read all relevant lines of a block, in order."""
        # Broken lines are rare: a block is only taken apart from the first one on.
        end = self._lines(block)
        if end < len(block):
            self._is_mended = True
            self._lines(self._salvager.mended(block[end:], self._damaged))
            self._is_mended = False

    def _lines(self, block: bytes) -> int:
        """Read the lines up to the first broken one, and return its position.

        Most bytes are prompts and tool results. Their lines show that at the beginning, and are searched once, for a
        reply that was written into them. A search costs as much as the bytes it passes, so the assistant's own lines
        are not searched: they are decoded, unless they repeat the last response. (Inside a text quotes are escaped, so
        no text can look like an id or usage.)
        """
        # Names are local and calls few, because this loop runs for every line of all transcripts.
        begin, size, find, replies = 0, len(block), block.find, Replies(block)
        take_reply, waiting = self._reply_line, self._open.responses
        self._times = LineTimes(self._last_ms)
        self._asking.begin(block)
        if not self._is_begun:
            self._is_begun = self._asking.knows_beginning(block)
        with suppress(BrokenLine):
            while begin < size:
                end = find(b"\n", begin)
                if end < 0:
                    end = size
                head = begin + HEAD
                if head > end:
                    head = end
                named = find(b'"assistant"', begin, head)
                if named >= 0:
                    take_reply(block, begin, named, end)
                elif find(b'"role":"user"', begin, head) < 0:
                    self._other_line(block, begin, head, end)
                else:
                    reply = replies.next if replies.next >= begin else replies.behind(begin)
                    # Only these two signs of damage are cheap enough to look for in every prompt and result.
                    if reply < end or block[end - 1] != CLOSE:
                        self._require_whole(block[begin:end])
                    if waiting:
                        self._line_between(block, begin, end)
                begin = end + 1
        self._last_ms = self._times.before(block, min(begin, size))
        self._asking.end(min(begin, size))
        self._remember()
        return begin

    def _reply_line(self, block: bytes, begin: int, named: int, end: int) -> None:
        """Process a line that seems to be the assistant's own; `named` is where it first shows that."""
        find, usage = block.find, self._repetition.usage_in(block, begin, named, end)
        # A second reply in the line is another response that was written into this one.
        if usage >= 0 and find(REPLY, named, usage) < 0 and find(REPLY, usage, end) < 0:
            self.repeated += 1
            command = find(COMMAND, begin, min(usage, begin + COMMAND_WITHIN))
            if command >= 0:
                self._asking.heed_command(block, command, usage, self._key, self._found)
        elif not self._assistant_line(block, begin, end):
            self._bookkeeping(block, begin, end)

    def _other_line(self, block: bytes, begin: int, head: int, end: int) -> None:
        """Process a line that does not show at its beginning that it is the assistant's or the user's."""
        find, is_taken = block.find, False
        if find(b'"usage"', begin, end) >= 0:
            is_taken = self._assistant_line(block, begin, end)
        elif find(STATE, begin, head) >= 0 and (find(TOTAL, begin, head) >= 0 or find(WORKTREE, begin, head) >= 0):
            self._bookkeeping(block, begin, end)
        elif find(COMPACTION, begin, head) >= 0:
            self._compaction(block[begin:end])
        elif not looks_whole(block, begin, end):
            self._require_whole(block[begin:end])
        if self._open.responses and not is_taken:
            self._line_between(block, begin, end)

    def _require_whole(self, raw: bytes) -> None:
        """Raises `BrokenLine` for a line that is not exactly one record."""
        if not self._is_mended and raw.strip(BLANK) and not is_record(raw):
            raise BrokenLine

    def _damaged(self, fragment: bytes) -> None:
        if reason := reason_of(fragment):
            self._count(self.skipped, reason)

    def pass_over(self, head: bytes) -> None:
        """Skip a line that is too long to be read, given its beginning: it counts only if it may have contained
        usage."""
        if b'"user"' not in head[:HEAD] or b'"assistant"' in head[:HEAD]:
            self._count(self.skipped, "line too long to read")

    def _assistant_line(self, block: bytes, begin: int, end: int) -> bool:
        """Process a line that may be a response's; returns whether the assistant wrote it."""
        raw = block[begin:end]
        line = self._decode(raw)
        if line is None or line.type != "assistant":
            return False
        message = line.message
        if message is not None and len(message.usage):
            self._asking.line_begin = begin
            time_ms = milliseconds(line.timestamp) if line.timestamp else self._time_above(block, begin)
            if not self._usual_response(line, message, raw, time_ms):
                self._response(line, message, bytes(message.usage), raw, time_ms)
        return True

    def _usual_response(self, line: Line, message: Message, raw: bytes, time_ms: int) -> bool:
        """Process the first line of a response in the usual form; returns whether it was one. `_response` would give
        the same result in three times as many steps."""
        key = message.id
        if key is None or key in self._found or (self._open.responses and self._open.knows(key)):
            return False
        one = usual_usage(self._asking, line, message, time_ms)
        if one is None:
            return False
        self._last, self._key, self._found[key] = line, key, one
        self._asking.heed(raw, key, self._found)
        one = self._found[key]
        # The same condition as in `_expect_repetition`.
        if one.copy_rank == 0 or (one.copy_rank == 1 and line.sidechain is True):
            self._repetition.expect(raw, line, key, one)
        else:
            self._repetition.forget()
        return True

    def _time_above(self, block: bytes, begin: int) -> int:
        """The time of the last line above one without a time; 0 if unknown as well."""
        return max(self._times.before(block, begin) or 0, self.state.time_ms)

    def _line_between(self, block: bytes, begin: int, end: int) -> None:
        """Record a line between those of responses: a message, or a tool's result."""
        if block.find(b'"user"', begin, end) >= 0:
            is_result = block.find(b'"tool_result"', begin, end) >= 0 or block.find(b'"isMeta"', begin, end) >= 0
            self._open.saw_user(is_result=is_result)
        parent = written_id(block, PARENT, begin, end)
        for uuid in {written_id(block, UUID, begin, end), written_id(block, UUID, begin, end, is_last=True)}:
            self._open.saw_line(uuid, parent)

    def _response(self, line: Line, message: Message, written: bytes, raw: bytes, time_ms: int) -> None:
        if message.model == "<synthetic>":
            self._count(self.duplicates, "message that the assistant itself wrote, not a response")
            return
        usage = decoded(_counts, written) or without_odd_fields(MessageUsage, written, needed=COUNTS)
        if usage is None:
            if written != b"null":
                self._count(self.skipped, "damaged usage record")
            return
        attempts, tokens = read_attempts(bytes(usage.iterations)), tokens_of(usage)
        key = message.id or line.request_id or line.uuid
        if tokens is None or key is None or not is_possible_time(time_ms) or not is_sane(usage, attempts):
            self._count(self.skipped, "usage record with impossible or missing values")
            return
        tokens = with_split(tokens, usage, attempts)
        if not line.request_id:
            link = decoded(_link, raw) or Link()
            time_ms = self._open.first_time(key, time_ms, tokens, message.stop_reason, link)
        elif self._open.knows(key):
            time_ms = self._open.taken_up(key, time_ms, tokens, decoded(_link, raw) or Link())
        self._last = line
        one, repeated = usage_of(self._asking, line, usage, key, time_ms, tokens), self.repeated
        if line.request_session:
            self._remember_parent(line)
        is_free = message.stop_reason == "refusal" and not tokens.output
        if is_free:
            self._count(self.duplicates, "refusal before any output, not billed")
            self._repetition.forget()
            self._take_back(one)
        else:
            self._key = self._add(one)
            self._asking.heed(raw, self._key, self._found)
            self._expect_repetition(line, message, one, raw)
        if attempts:
            self._attempts(one, attempts, raw, is_new=self.repeated == repeated)

    def _expect_repetition(self, line: Line, message: Message, one: Usage, raw: bytes) -> None:
        """Expect repetitions, which are skipped if they cannot add anything to the response; `one` is the usage of
        this line."""
        found = self._found[self._key]
        is_surest = found.copy_rank == 0 or (found.copy_rank == 1 and line.sidechain is True)
        # A repetition of a copy may be no copy itself, according to its other fields.
        told = (found.tokens, found.request_id, found.copy_rank)
        holds = found is one or told == (one.tokens, one.request_id, one.copy_rank)
        if message.id and line.request_id and is_surest and holds:
            self._repetition.expect(raw, line, message.id, found)
        else:
            self._repetition.forget()

    def _decode(self, raw: bytes) -> Line | None:
        line = decoded(_line, raw)
        if line is None:
            self._require_whole(raw)
        if line is None and b'"usage"' in raw and _may_be_assistant(raw):
            line = without_odd_fields(Line, raw, names=_IDS)
            if line is None:
                self._count(self.skipped, "damaged usage record")
        return line

    def _add(self, usage: Usage) -> str:
        """Merge a record with the others of its response; returns the response's key."""
        found, key = self._found, usage.key
        if key not in found:
            found[key] = usage
            return key
        key = self._requests.get((usage.key, usage.request_id)) or find_key(found, usage)
        if key not in found:
            found[key] = usage
            return key
        self.repeated += 1
        before = found[key]
        if before.tokens != usage.tokens or not _tells_nothing_new(before, usage):
            found[key] = merge(before, usage)
        if usage.request_id and (key != usage.key or before.request_id != usage.request_id):
            self._requests[usage.key, usage.request_id] = key
        return key

    def _take_back(self, refused: Usage) -> None:
        """Remove the usage of a response that was refused afterwards; older versions write the stream's initial
        counts."""
        told = self._found.get(find_key(self._found, refused))
        if told is not None and told.lower_bound:
            self._found = {key: one for key, one in self._found.items() if one is not told}
        elif told is None and refused.request_id and self.state.unfinished == identity(refused):
            self.retracted += (refused.key, further_keys(refused)[0])

    def _remember_parent(self, line: Line) -> None:
        parent = line.request_session
        known = self.state.parents
        if parent and parent != line.session and parent not in known and len(known) < MAX_PARENTS:
            self.state.parents = (*known, parent)

    def _remember(self) -> None:
        """Remember the place of the last response, for records without a place."""
        if self._last is not None and self._last.timestamp is not None:
            cwd, branch = self._last.cwd or "", self._last.branch or ""
            # The import refuses records in such a folder, and every later record without a place would be given this
            # one.
            if "\0" not in cwd and "\0" not in branch:
                self.state.cwd, self.state.branch = cwd, branch
            self.state.time_ms = milliseconds(self._last.timestamp)

    def _attempts(self, parent: Usage, attempts: list[Attempt | None], raw: bytes, *, is_new: bool) -> None:
        """Add calls inside a response that its own counts exclude."""
        found = calls_besides(parent.tokens, attempts)
        for call in found.calls:
            model = call.model or model_of(call, parent.model, raw)
            key = f"{parent.key}#{call.name}"
            self._add(parent._replace(key=key, model=model, tokens=call.tokens, kind=call.kind, web_searches=0))
        if is_new:
            self._count(self.duplicates, DECLINED, found.declined)
            self._count(self.skipped, "attempt within a response whose counts cannot be read", found.damaged)

    def _bookkeeping(self, block: bytes, begin: int, end: int) -> None:
        raw = block[begin:end]
        kind = kind_of(raw)
        if kind == "cost-state":
            self._cost_state(raw, self._times.before(block, begin))
        elif kind == "worktree-state":
            origins = worktree_origins(raw)
            self.worktrees += origins or ()
            if origins is None:
                self._count(self.skipped, "damaged record")
        elif kind is None:
            self._require_whole(raw)
            if TOTAL in raw[:HEAD] or WORKTREE in raw[:HEAD]:
                self._count(self.skipped, "damaged record")

    def _cost_state(self, raw: bytes, before_ms: int | None) -> None:
        found = read_totals(raw)
        if found is None:
            self._count(self.skipped, "damaged session total")
            return
        self._remember()
        state = self.state
        # A total has no time of its own.
        time_ms = max(before_ms or 0, state.time_ms)
        place = (state.cwd, state.branch, state.parents)
        # What the total has beyond the lines is then mostly the compaction: it belongs to that moment and branch.
        if spent_ms := min(state.compacted_ms, time_ms):
            place = (state.compacted_in, state.compacted_on, state.parents)
        state.compacted_ms = 0
        for model, counts in found.models.items():
            total = SessionTotal(found.session, model, time_ms, *counts, *place, spent_ms, found.began_ms)
            self.totals.append(total)
        self._count(self.skipped, "damaged session total", found.damaged)
        self._count(self.skipped, "session total with impossible values", found.impossible)

    def _compaction(self, raw: bytes) -> None:
        """Record a compaction, whose call has no line, only a mark of its time; a fork copies those of its parent."""
        line = decoded(_line, raw)
        if line is None:
            self._require_whole(raw)
            line = without_odd_fields(Line, raw)
        if line is None or line.type != "system" or not is_possible_time(milliseconds(line.timestamp)):
            return
        state, cwd, branch = self.state, line.cwd or "", line.branch or ""
        if not self._asking.is_copy(milliseconds(line.timestamp)) and "\0" not in cwd + branch:
            state.compacted_ms, state.compacted_in, state.compacted_on = milliseconds(line.timestamp), cwd, branch

    @staticmethod
    def _count(counts: dict[str, int], reason: str, number: int = 1) -> None:
        if number:
            counts[reason] = counts.get(reason, 0) + number


def _tells_nothing_new(before: Usage, usage: Usage) -> bool:
    """Whether a further line with the same counts adds nothing to the response."""
    return before.copy_rank <= usage.copy_rank and not before.lower_bound and not before.weak_key


def _may_be_assistant(raw: bytes) -> bool:
    kind = kind_of(raw)
    return kind == "assistant" if kind is not None else b'"assistant"' in raw
