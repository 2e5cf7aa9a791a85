"""The comparison of telemetry with logs, as text and as JSON."""

from collections.abc import Sequence
from typing import Any

from tokcost.model.telemetry import Compared
from tokcost.reports.text import counted, escape

_NOTHING = "Nothing was received yet: docs/otel.md explains how to make an assistant send telemetry.\n"
_HEAD = ("assistant", "session", "received", "logged", "difference")
_SHOWN = 12
"""Characters shown of a session id."""


def check_lines(found: Sequence[Compared]) -> str:
    """A row for each session in tokens, and a summary line."""
    if not found:
        return _NOTHING
    rows = [_HEAD, *(_row(one) for one in found)]
    widths = [max(len(row[column]) for row in rows) for column in range(len(_HEAD))]
    lines = ("  ".join(_cells(row, widths)).rstrip() for row in rows)
    differing, alone = sum(one.differs for one in found), sum(not one.logged for one in found)
    said = f"{counted(differing, 'session')} of {len(found):,} with different counts in the log"
    more = f"; {alone:,} without a log, counted as received" if alone else ""
    return "".join(f"{line}\n" for line in lines) + f"\n{said}{more}.\n"


def _row(one: Compared) -> tuple[str, ...]:
    logged = f"{one.logged_tokens.total:,}" if one.logged else "no log"
    difference = "" if not one.logged else f"{one.difference:+,}" if one.difference else "other classes"
    shown = difference if one.differs or not one.logged else "none"
    session = escape(one.session[:_SHOWN])
    return escape(one.assistant), session, f"{one.received_tokens.total:,}", logged, shown


def _cells(row: Sequence[str], widths: Sequence[int]) -> list[str]:
    """Names are aligned left, numbers right."""
    names, numbers = (list(zip(row, widths, strict=True))[part] for part in (slice(2), slice(2, None)))
    return [*(text.ljust(width) for text, width in names), *(text.rjust(width) for text, width in numbers)]


def check_json(found: Sequence[Compared]) -> dict[str, Any]:
    """The comparison as one object (`tokcost.otel-check/1`)."""
    sessions = [
        {
            "assistant": one.assistant,
            "session": one.session,
            "received": {"responses": one.received, "tokens": one.received_tokens._asdict()},
            "logged": {"responses": one.logged, "tokens": one.logged_tokens._asdict()} if one.logged else None,
            "difference": one.difference if one.logged else None,
            "differs": one.differs,
        }
        for one in found
    ]
    return {"schema": "tokcost.otel-check/1", "sessions": sessions}
