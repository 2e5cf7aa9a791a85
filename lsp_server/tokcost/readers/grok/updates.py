"""Updates of Grok Build's sessions (`updates.jsonl`; `extensions/notification.rs` and `xai-chat-state/src/usage.rs` of
its source).

A finished turn has the sum of its requests for each model: the input includes cache reads and writes, the output
reasoning. A repeated record of a turn replaces the earlier one, and a model that it no longer names had no part in it.
Usage of its sub-agents is included, except for those still running in the background, in which case the turn is marked
as incomplete (`usageIsIncomplete`). A sub-agent's own session repeats the same usage and is not read. A fork copies
turns with their ids, in their state at that time. Compactions are not recorded.
"""

import os
from collections.abc import Iterator, Mapping, Sequence
from typing import Any
from urllib.parse import unquote

import msgspec

from tokcost.model.bounds import MAX_NAME, is_path
from tokcost.model.logs import Batch, Source
from tokcost.model.usage import Tokens, Usage
from tokcost.readers.sources.beside import facts_beside, name_of
from tokcost.readers.sources.jsonl import JsonlReader
from tokcost.readers.sources.numbers import count_of, nano_of_ticks
from tokcost.readers.sources.records import KeptFolder, KeptName

NAME = "grok"
_FORK = "fork"
_TURNS = "turns"
"""Key of a session's state: the last turns, with the keys of their usage."""
_MOST_TURNS, _MOST_MODELS = 20, 20


def read_updates(source: Source, cursor: bytes | None) -> Iterator[Batch]:
    """New turns in the updates of a session. Raises `OSError` if they cannot be read."""
    return _Updates(source.path).read(source, cursor)


class _Info(msgspec.Struct, gc=False):
    cwd: KeptFolder | None = None


class _Summary(msgspec.Struct, gc=False):
    info: _Info | None = None
    session_kind: KeptName | None = None
    current_model_id: KeptName | None = None


_summary = msgspec.json.Decoder(_Summary)


class _Updates(JsonlReader):
    """The updates of one session, in one read."""

    name = NAME
    words = (b'"turn_completed"',)

    def __init__(self, path: str) -> None:
        folder = os.path.dirname(path)
        summary = facts_beside(os.path.join(folder, "summary.json"), _summary) or _Summary()
        self._session = name_of(folder)
        self._model = summary.current_model_id or ""
        self._is_of_subagent = (summary.session_kind or "").startswith("subagent")
        self._is_fork = summary.session_kind == _FORK
        self._gone: set[str] = set()
        """The keys of what a turn no longer tells."""
        self._cwd = (summary.info.cwd if summary.info else None) or _named(os.path.basename(os.path.dirname(folder)))

    def read(self, source: Source, cursor: bytes | None) -> Iterator[Batch]:
        """New turns, and what earlier ones no longer tell. Raises `OSError` when they cannot be read."""
        for batch in super().read(source, cursor):
            yield batch._replace(retracted=sorted(self._gone))
            self._gone.clear()

    def usages(self, record: dict[str, Any], session: dict[str, Any]) -> Sequence[Usage]:
        """The usage of a turn, for each model."""
        update: dict[str, Any] = record["params"]["update"]
        usage: dict[str, Any] | None = update.get("usage")
        if update.get("sessionUpdate") != "turn_completed" or not usage or self._is_of_subagent:
            return ()
        meta: dict[str, Any] = record["params"].get("_meta") or {}
        time_ms = meta.get("agentTimestampMs") or round(record["timestamp"] * 1000)
        turn = update.get("prompt_id") or f"{self._session}.{time_ms}"
        models: dict[str, dict[str, Any]] = usage.get("modelUsage") or {self._model: usage}
        found = [
            Usage(
                NAME,
                f"grok:{turn}.{model}",
                time_ms,
                model,
                _tokens(counts),
                self._session,
                self._cwd,
                lower_bound=bool(usage.get("usageIsIncomplete")),
                # A fork may have been made before the turn was told for the last time.
                copy_rank=1 if self._is_fork else 0,
                reported_cost=_cost(counts),
                final=True,
            )
            for model, counts in models.items()
        ]
        self._heed_earlier(str(turn), [one.key for one in found], session)
        return [one for one in found if one.tokens.total]

    def _heed_earlier(self, turn: str, keys: list[str], session: dict[str, Any]) -> None:
        """Take back what was told of this turn before and is told no more."""
        turns: dict[str, list[str]] = session.setdefault(_TURNS, {})
        self._gone.update(turns.pop(turn, ()))
        self._gone.difference_update(keys)
        if all(len(one) <= MAX_NAME for one in (turn, *keys)) and len(keys) <= _MOST_MODELS:
            turns[turn] = keys
        while len(turns) > _MOST_TURNS:
            del turns[next(iter(turns))]


def _tokens(counts: Mapping[str, Any]) -> Tokens:
    prompt, cached, written = (
        count_of(counts, name) for name in ("inputTokens", "cachedReadTokens", "cacheCreationTokens")
    )
    output, thought = count_of(counts, "outputTokens"), count_of(counts, "reasoningTokens")
    if cached + written > prompt:
        raise ValueError("a cache larger than the prompt")
    return Tokens(prompt - cached - written, cached, written, 0, output, min(thought, output))


def _cost(counts: Mapping[str, Any]) -> int | None:
    """Nano-dollars; `None` if Grok does not know the complete cost."""
    return None if counts.get("costIsPartial") else nano_of_ticks(counts.get("costUsdTicks"))


def _named(folder: str) -> str:
    """The working folder after which a folder of sessions is named; empty if its name is no path."""
    named = unquote(folder)
    return named if os.path.isabs(named) and is_path(named) else ""
