"""The driver that makes most of a branch's list cost, for whoever shows figures all the time."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tokcost.errors import TokcostError
from tokcost.model.status import Status
from tokcost.model.worktree import Worktree
from tokcost.reports.drivers import largest_text
from tokcost.services.explain_cost import explain_branch

MOST_USAGE = 20_000
"""Responses on a branch up to which this is asked without anybody having asked: some 0.2 s."""
MOST_AT_ONCE = 500
"""Responses up to which figures wait for the answer: some 5 ms."""
_REST = 100
"""As many times as long as an answer took, it holds, whatever is spent meanwhile: one percent of a processor."""


class _Known(NamedTuple):
    tokens: int
    text: str
    until: float


class _Asked(NamedTuple):
    home: Path
    here: Worktree
    branch: str
    tokens: int


class LargestDrivers:
    """The answers given so far, one for each branch. Of a branch with much usage the last answer is given; `explain`
    finds a new one when somebody has time for it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], _Known] = {}
        self._asked: dict[tuple[str, str], _Asked] = {}

    def of(self, home: Path, here: Worktree, status: Status) -> str:
        """The driver above a third of the list cost of the branch of a status, with its figure; empty where none is,
        where it would take too long to say, and where `explain` has not said it yet."""
        usage = sum(status.evidence.values())
        if status.branch is None or not 0 < usage <= MOST_USAGE:
            return ""
        key, asked = (here.common_dir, status.branch), _Asked(home, here, status.branch, status.tokens)
        known = self._known.get(key)
        if known is not None and (known.tokens == status.tokens or self._clock() < known.until):
            return known.text
        if usage <= MOST_AT_ONCE:
            return self._explain(key, asked)
        self._asked[key] = asked
        return known.text if known else ""

    @property
    def is_waiting(self) -> bool:
        """Whether there is something for `explain` to do."""
        return bool(self._asked)

    def explain(self) -> None:
        """Find the answers that were asked for and would have taken too long."""
        while self._asked:
            with suppress(TokcostError):  # whoever shows figures says it
                self._explain(*self._asked.popitem())

    def _explain(self, key: tuple[str, str], asked: _Asked) -> str:
        began = self._clock()
        text = largest_text(explain_branch(asked.home, asked.here, asked.branch))
        ended = self._clock()
        self._known[key] = _Known(asked.tokens, text, ended + _REST * (ended - began))
        return text
