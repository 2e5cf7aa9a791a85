"""aider's chat history: Markdown that grows at its end.

A session begins with a heading that has the time, in the machine's time zone. Lines that begin with `> ` are aider's
own output: the command, the model, and after each reply a report of its tokens and possibly of its cost. The counts are
rounded (12k), and for streamed replies they are mostly aider's own estimate of the prompt and of the text, so all of
them are marked as estimates. The time of a report is that of its session.

`sent` includes cache writes, and cache reads unless it is smaller than those. Since 0.86.2 it includes cache writes
twice: aider adds them to the prompt, and its library (LiteLLM from 1.81 on) has done so already.
"""

import os
import re
from datetime import UTC, datetime
from hashlib import blake2b

import msgspec

from tokcost.model.bounds import MAX_NAME
from tokcost.model.logs import Batch, Source
from tokcost.model.usage import Usage
from tokcost.readers.sources import new_lines
from tokcost.readers.sources.new_lines import NewLines
from tokcost.readers.sources.numbers import disjoint, nano_dollars
from tokcost.readers.sources.records import going_on, milliseconds

NAME = "aider"

_BEGINS = re.compile(rb"# aider chat started at (\d{4}-\d\d-\d\d \d\d:\d\d:\d\d)\s*")
_MODEL = re.compile(rb"> (?:Main model|Model): ([^\s,]{1,300})")
_VERSION = re.compile(rb"> Aider v(\d{1,4})\.(\d{1,4})\.(\d{1,4})")
_WRITES_TWICE = (0, 86, 2)
_COUNT = rb"([\d,]{1,15}(?:\.\d{1,3})?[kM]?)"
_TOKENS = re.compile(
    rb"> Tokens: " + _COUNT + rb" sent"
    rb"(?:, " + _COUNT + rb" cache write)?(?:, " + _COUNT + rb" cache hit)?, " + _COUNT + rb" received\."
)
_COST = re.compile(rb"Cost: \$(\d{1,6}(?:\.\d{1,12})?) (?:message|send),")
_UNITS = {"k": 1000, "M": 1_000_000}


class _State(msgspec.Struct, gc=False):
    """The session that is being read."""

    began_ms: int = 0
    name: str = ""
    """The name of the session, derived from its time and from the command that began it."""
    heading: str = ""
    """Its time as it was written, until the next line is read."""
    model: str = ""
    writes_twice: bool = False
    reports: int = 0


_state = msgspec.json.Decoder(_State)


def read_history(source: Source, cursor: bytes | None) -> Batch:
    """New reports in a history. Raises `OSError` if it cannot be read."""
    lines, state = going_on(source, cursor, _state)
    history = _History(os.path.dirname(source.path), state or _State())
    for block in lines:
        for raw in block.split(b"\n"):
            history.take(raw.rstrip())
        if len(history.found) >= new_lines.MAX_RECORDS:
            lines.stop()
    return history.batch(lines)


class _History:
    """The usage in one history, collected line by line."""

    def __init__(self, folder: str, state: _State) -> None:
        self.found: list[Usage] = []
        self.skipped: dict[str, int] = {}
        self._folder = folder
        self._state = state

    def take(self, line: bytes) -> None:
        """Read one line."""
        if begins := _BEGINS.fullmatch(line):
            self._begin(begins[1].decode())
        elif line.startswith(b"> "):
            self._said(line)
        elif line.startswith(b"Cost: ") and self.found and self.found[-1].reported_cost is None:
            self._cost(line)  # if a report has both cache counts, the rest is on a separate line

    def _begin(self, heading: str) -> None:
        try:
            began = milliseconds(datetime.strptime(heading, "%Y-%m-%d %H:%M:%S").astimezone(UTC))
        except (ValueError, OverflowError, OSError):
            began = 0
        self._state = _State(began, "", heading, self._state.model)

    def _said(self, line: bytes) -> None:
        state = self._state
        if state.heading and not state.name:
            digest = blake2b(state.heading.encode() + b"\n" + line, digest_size=8)
            state.name = f"{state.heading.replace(' ', 'T')}-{digest.hexdigest()}"
        if version := _VERSION.match(line):
            state.writes_twice = tuple(map(int, version.groups())) >= _WRITES_TWICE
        elif model := _MODEL.match(line):
            state.model = model[1].decode("utf-8", "replace")[:MAX_NAME]
        elif line.startswith(b"> Tokens: "):
            self._report(line)

    def _report(self, line: bytes) -> None:
        told, state = _TOKENS.match(line), self._state
        if told is None:
            return  # the user's text
        sent, written, hit, received = (_number(count) for count in told.groups())
        if state.writes_twice and sent >= hit + written:
            sent = max(sent - written, hit + written)
        tokens = disjoint(sent, hit, written, received, has_cache=True)
        if tokens is None or not state.began_ms:
            self._skip("report with impossible values, or without a session")
            return
        state.reports += 1
        provider, slash, model = state.model.partition("/")
        self.found.append(
            Usage(
                NAME,
                f"{NAME}:{state.name}:{state.reports}",
                state.began_ms,
                model if slash else state.model,
                tokens,
                state.name,
                self._folder,
                provider=provider if slash else "",
                weak_key=True,  # sessions begun by the same command in the same second
                estimated=True,
            )
        )
        self._cost(line)

    def _cost(self, line: bytes) -> None:
        if cost := _COST.search(line):
            self.found[-1] = self.found[-1]._replace(reported_cost=nano_dollars(float(cost[1])))

    def batch(self, lines: NewLines) -> Batch:
        """The batch of everything found."""
        return lines.batch(msgspec.json.encode(self._state), self.found, self.skipped)

    def _skip(self, reason: str) -> None:
        self.skipped[reason] = self.skipped.get(reason, 0) + 1


def _number(count: bytes | None) -> float:
    """A count in aider's notation: exact below 1,000, then with one decimal, then rounded to thousands."""
    text = (count or b"0").decode().replace(",", "")
    if text[-1:] not in _UNITS:
        return float(text)
    return round(float(text[:-1]) * _UNITS[text[-1]])
