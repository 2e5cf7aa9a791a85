"""pi, and its fork OMP: one file of JSON lines for each session, a tree of messages in which every branch was paid for.

A reply has its own counts, which are disjoint (`totalTokens` is their sum, so reasoning is included in `output`);
`cacheWrite1h` is part of `cacheWrite`. A fork copies entries with their ids and times.
"""

import os
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

from msgspec import Struct, convert

from tokcost.model.logs import Capabilities, Location
from tokcost.model.usage import MAX_TOKENS, Tokens, Usage, is_possible_time
from tokcost.readers.environment import expanded, user_home
from tokcost.readers.sources.jsonl import JsonlReader
from tokcost.readers.sources.numbers import nano_dollars, object_in
from tokcost.readers.sources.records import KeptFolder, KeptName


class _Head(Struct, gc=False):
    """The first line of a session."""

    id: KeptName
    cwd: KeptFolder
    timestamp: str


class PiReader(JsonlReader):
    """pi's sessions."""

    name = "pi"
    capabilities = Capabilities(
        versions="session version 3",
        classes=("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning"),
        folder="session",
    )
    words = (b'"session"', b'"usage"')

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`sessions` in `$PI_CODING_AGENT_DIR`, else in `~/.pi/agent`."""
        home = expanded(environ.get("PI_CODING_AGENT_DIR", ""), environ)
        return [Location(os.path.join(home or os.path.join(user_home(environ), ".pi", "agent"), "sessions"))]

    def usage(self, record: dict[str, Any], session: dict[str, Any]) -> Usage | None:
        """The usage of a reply; the first line, about the session, is remembered for later ones."""
        if record["type"] == "session":
            head = convert(record, _Head)
            session.update(id=head.id, cwd=head.cwd, began=_milliseconds(head.timestamp))
        if record["type"] != "message":
            return None
        message: dict[str, Any] = record["message"]
        if message.get("role") != "assistant" or "usage" not in message:
            return None
        tokens, time_ms = _tokens(message["usage"]), _time(record, message)
        if not tokens.total:
            return None  # broke off before its counts arrived
        known = message.get("responseId") or f"{record['id']}.{time_ms}"
        cost = object_in(message["usage"], "cost")
        return Usage(
            self.name,
            f"{self.name}:{known}",
            time_ms,
            message.get("model") or "",
            tokens,
            session.get("id", ""),
            session.get("cwd", ""),
            provider=message.get("provider") or "",
            # A reply older than its session was copied by a fork.
            copy_rank=2 if time_ms < session.get("began", 0) else 0,
            # The user's own server may give several replies one id; copies keep their time.
            weak_key=True,
            reported_cost=nano_dollars(cost.get("total")),
        )


class OmpReader(PiReader):
    """Sessions of OMP (oh-my-pi)."""

    name = "omp"
    capabilities = PiReader.capabilities._replace(
        versions="its source of January 2026",
        gaps="nothing known; for some OpenAI-compatible providers it logs reasoning twice",
    )

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`sessions` in `~/.omp/agent`."""
        return [Location(os.path.join(user_home(environ), ".omp", "agent", "sessions"))]


def _tokens(said: dict[str, Any]) -> Tokens:
    """The token classes. Raises `ValueError` or `TypeError` for impossible counts."""
    written, hour = said.get("cacheWrite") or 0, said.get("cacheWrite1h") or 0
    counts = (said["input"], said.get("cacheRead") or 0, written - hour, hour, said["output"])
    thought = min(said.get("reasoning") or 0, said["output"])
    if min(*counts, thought) < 0 or max(counts) >= MAX_TOKENS:
        raise ValueError
    return Tokens(*counts, thought)


def _time(record: dict[str, Any], message: dict[str, Any]) -> int:
    """The time of a reply: its own, else that of its entry. Raises `ValueError` if there is none."""
    time_ms = message.get("timestamp") or _milliseconds(record["timestamp"])
    if not is_possible_time(time_ms):
        raise ValueError
    return time_ms


def _milliseconds(text: str) -> int:
    return round(datetime.fromisoformat(text).timestamp() * 1000)
