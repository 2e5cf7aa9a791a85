"""The driver that makes most of a branch's list cost, for whoever shows figures all the time."""

import time
from collections.abc import Callable
from pathlib import Path
from typing import NamedTuple

from tokcost.model.status import Status
from tokcost.model.worktree import Worktree
from tokcost.reports.drivers import largest_text
from tokcost.services.explain_cost import explain_branch

MOST_USAGE = 20_000
"""Responses on a branch up to which this is asked without anybody having asked: some 0.2 s."""
_REST = 100
"""As many times as long as an answer took, it holds, whatever is spent meanwhile: one percent of a processor."""


class _Known(NamedTuple):
    tokens: int
    text: str
    until: float


class LargestDrivers:
    """The answers given so far, one for each branch."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], _Known] = {}

    def of(self, home: Path, here: Worktree, status: Status) -> str:
        """The driver above a third of the list cost of the branch of a status, with its figure; empty where none is,
        or where it would take too long to say."""
        usage = sum(status.evidence.values())
        if status.branch is None or not 0 < usage <= MOST_USAGE:
            return ""
        key, began = (here.common_dir, status.branch), self._clock()
        known = self._known.get(key)
        if known is not None and (known.tokens == status.tokens or began < known.until):
            return known.text
        text = largest_text(explain_branch(home, here, status.branch))
        ended = self._clock()
        self._known[key] = _Known(status.tokens, text, ended + _REST * (ended - began))
        return text
