"""`tokcost otel check`: the tokens of each session according to telemetry, beside those in its log."""

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import NamedTuple

from tokcost.ledger.received import logged_between
from tokcost.model.received import OTEL
from tokcost.model.telemetry import Compared
from tokcost.model.usage import NO_TOKENS, Tokens, Usage
from tokcost.readers.registry import reader_named
from tokcost.services.refresh import How, open_or_show

_APART_MS = 10_000
"""The maximum time between a log record and an event of the same response."""


class _Session(NamedTuple):
    responses: int
    tokens: Tokens
    first_ms: int
    last_ms: int


def check_telemetry(home: Path, environ: Mapping[str, str]) -> list[Compared]:
    """Every session with received usage, oldest first. Refreshes the ledger before. Raises `EnvironmentProblem` if
    there is no ledger and none can be created."""
    # What commits carry does not matter here.
    ledger, _ = open_or_show(home, environ, None, How(follow=False))
    with ledger:
        found: list[Compared] = []
        for name, told in sorted(_received(environ).items(), key=lambda one: one[1].first_ms):
            assistant, _, session = name.partition("/")
            span = (told.first_ms - _APART_MS, told.last_ms + _APART_MS)
            logged, tokens = logged_between(ledger, assistant, session, *span)
            found.append(Compared(assistant, session, told.responses, told.tokens, logged, tokens))
        return found


def _received(environ: Mapping[str, str]) -> dict[str, _Session]:
    sessions: dict[str, _Session] = {}
    for usage in _distinct(environ):
        time_ms = usage.time_ms
        before = sessions.get(usage.session, _Session(0, NO_TOKENS, time_ms, time_ms))
        sessions[usage.session] = _Session(
            before.responses + 1,
            before.tokens.plus(usage.tokens),
            min(before.first_ms, time_ms),
            max(before.last_ms, time_ms),
        )
    return sessions


def _distinct(environ: Mapping[str, str]) -> Iterator[Usage]:
    """Every response once, however often an exporter sent it."""
    reader, seen = reader_named(OTEL), set[str]()
    for location in reader.locations(environ):
        for source in reader.discover(location):
            for batch in reader.read(source, None):
                for usage in batch.usage:
                    if usage.key not in seen:
                        seen.add(usage.key)
                        yield usage
