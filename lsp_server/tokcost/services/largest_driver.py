"""The drivers of a branch's list cost, for whoever shows figures all the time: asked again as often as is cheap."""

import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import NamedTuple

from tokcost.errors import TokcostError
from tokcost.ledger.open import Ledger, open_for_reading
from tokcost.model.drivers import Explanation
from tokcost.model.status import Status
from tokcost.model.worktree import Worktree
from tokcost.reports.drivers import largest_text
from tokcost.services.explain_cost import explain_branch

MOST_USAGE = 20_000
"""Responses on a branch up to which this is asked without anybody having asked: some 0.2 s."""
MOST_AT_ONCE = 500
"""Responses up to which figures wait for the answer: some 5 ms."""
_REST = 100
"""The time for which an answer holds, whatever is spent meanwhile, in multiples of the time that it took: one percent
of a processor."""
_REST_WHILE_SHOWN = 3
"""`_REST` for a page that somebody looks at: a quarter of a processor."""

Amounts = tuple[int, int]
"""Tokens and nano-dollars of a branch: other ones are explained anew."""


class _Known(NamedTuple):
    amounts: Amounts
    explanation: Explanation
    took: float
    ended: float


class _Asked(NamedTuple):
    home: Path
    here: Worktree
    branch: str
    amounts: Amounts


class LargestDrivers:
    """The answers given so far, one for each branch. Of a branch with much usage the last answer is given; `explain`
    finds a new one when somebody has time for it."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], _Known] = {}
        self._asked: dict[tuple[str, str], _Asked] = {}
        self.wait: float | None = None
        """The seconds after which one of the answers given since `begin` can be had anew; `None` where all are of
        the ledger as it is."""

    def begin(self) -> None:
        """Begin to give answers that are shown together."""
        self.wait = None

    def of(self, ledger: Ledger, home: Path, here: Worktree, status: Status) -> str:
        """The driver above a third of the list cost of the branch of a status, with its figure; empty where none is,
        where it would take too long to say, and where `explain` has not said it yet."""
        usage = sum(status.evidence.values())
        if status.branch is None or not 0 < usage <= MOST_USAGE:
            return ""
        amounts, key = (status.tokens, status.list_cost), (here.common_dir, status.branch)
        known = self._known.get(key)
        if usage > MOST_AT_ONCE and (known is None or (known.amounts != amounts and self._left(known, _REST) <= 0)):
            self._asked[key] = _Asked(home, here, status.branch, amounts)
            return largest_text(known.explanation) if known else ""
        return largest_text(self._explained(_Ledger(ledger, home), here, status.branch, amounts, _REST))

    @property
    def is_waiting(self) -> bool:
        """Whether there is something for `explain` to do."""
        return bool(self._asked)

    def explain(self) -> None:
        """Find the answers that were asked for and would have taken too long."""
        while self._asked:
            _, asked = self._asked.popitem()
            with suppress(TokcostError):  # whoever shows figures says it
                ledger = open_for_reading(asked.home)
                if ledger is not None:
                    with ledger:
                        self._explained(_Ledger(ledger, asked.home), asked.here, asked.branch, asked.amounts, 0)

    def _left(self, known: _Known, rest: int) -> float:
        """The seconds for which an answer still holds."""
        return known.ended + rest * known.took - self._clock()

    def shown(self, ledger: Ledger, home: Path, here: Worktree, branch: str, amounts: Amounts) -> Explanation:
        """All drivers of a branch, for somebody who looks at them."""
        return self._explained(_Ledger(ledger, home), here, branch, amounts, _REST_WHILE_SHOWN)

    def _explained(self, of: "_Ledger", here: Worktree, branch: str, amounts: Amounts, rest: int) -> Explanation:
        key, began = (here.common_dir, branch), self._clock()
        known = self._known.get(key)
        if known is not None:
            if known.amounts == amounts:
                return known.explanation
            left = known.ended + rest * known.took - began
            if left > 0:
                self.wait = left if self.wait is None else min(left, self.wait)
                return known.explanation
        found = explain_branch(of.ledger, of.home, here, branch)
        ended = self._clock()
        self._known[key] = _Known(amounts, found, ended - began, ended)
        return found


class _Ledger(NamedTuple):
    ledger: Ledger
    home: Path
