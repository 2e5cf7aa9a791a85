"""The drivers of a branch's list cost, for clients that show figures continuously; recalculated as often as is
cheap."""

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
from tokcost.services.explain_cost import explain_branch

MOST_USAGE = 20_000
"""The maximum number of responses on a branch for which this is calculated unasked: some 0.2 s."""
MOST_AT_ONCE = 500
"""The maximum number of responses for which figures wait for the answer: some 5 ms."""
_REST = 100
"""The time for which an answer is valid despite new usage, in multiples of the time that it took: one percent of a
processor."""
_REST_WHILE_SHOWN = 3
"""`_REST` for a page that somebody looks at: a quarter of a processor."""

Amounts = tuple[int, int]
"""Tokens and nano-dollars of a branch: if they change, the branch is explained anew."""


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
    """The answers given so far, one for each branch. For a branch with much usage the last answer is returned;
    `explain` finds a new one when there is time."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self._known: dict[tuple[str, str], _Known] = {}
        self._asked: dict[tuple[str, str], _Asked] = {}
        self.wait: float | None = None
        """The seconds after which one of the answers given since `begin` can be recalculated; `None` if all are
        current."""

    def begin(self) -> None:
        """Begin a set of answers that are shown together."""
        self.wait = None

    def of(self, ledger: Ledger, home: Path, here: Worktree, status: Status) -> Explanation | None:
        """The drivers of the list cost of a status's branch; `None` if there is no usage, if it would take too long,
        and if `explain` has not calculated them yet."""
        usage = sum(status.evidence.values())
        if status.branch is None or not 0 < usage <= MOST_USAGE:
            return None
        amounts, key = (status.tokens, status.list_cost), (here.common_dir, status.branch)
        known = self._known.get(key)
        if usage > MOST_AT_ONCE and (known is None or (known.amounts != amounts and self._left(known, _REST) <= 0)):
            self._asked[key] = _Asked(home, here, status.branch, amounts)
            return known.explanation if known else None
        return self._explained(_Ledger(ledger, home), here, status.branch, amounts, _REST)

    @property
    def is_waiting(self) -> bool:
        """Whether `explain` has something to do."""
        return bool(self._asked)

    def explain(self) -> None:
        """Calculate the answers that were asked for and would have taken too long."""
        while self._asked:
            _, asked = self._asked.popitem()
            with suppress(TokcostError):  # the caller that shows figures reports it
                ledger = open_for_reading(asked.home)
                if ledger is not None:
                    with ledger:
                        self._explained(_Ledger(ledger, asked.home), asked.here, asked.branch, asked.amounts, 0)

    def _left(self, known: _Known, rest: int) -> float:
        """The seconds for which an answer is still valid."""
        return known.ended + rest * known.took - self._clock()

    def shown(self, ledger: Ledger, home: Path, here: Worktree, branch: str, amounts: Amounts) -> Explanation:
        """All drivers of a branch, for a page that somebody looks at."""
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
        # The rest begins after the work, so that a slow answer is not due again at once.
        ended = self._clock()
        self._known[key] = _Known(amounts, found, ended - began, ended)
        return found


class _Ledger(NamedTuple):
    ledger: Ledger
    home: Path
