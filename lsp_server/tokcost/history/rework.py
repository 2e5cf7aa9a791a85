"""Rework: lines of a merged change that another one changed again soon after.

The steps of a branch are replayed from the oldest on, and each line is remembered with the change that wrote it, as
`git blame` would name it. Lines count as changed again if a later step removed or replaced them within the given days,
whoever made it. White space does not count, and a file that is renamed keeps its lines.
"""

from collections.abc import Collection, Iterable, Sequence

from tokcost.model.changes import Rework
from tokcost.model.edits import BranchStep, FileEdit, Hunk

_DAY = 86_400
_NOBODY = -1
"""The writer of lines that are older than the replayed steps."""
_ENDLESS = 1 << 60
"""Number of lines of a file whose length is unknown; its end is never reached."""
_MOST_RUNS = 20_000
"""A file in more pieces than this is a list written by a program: its lines are forgotten."""

Run = tuple[int, int]
"""The number of consecutive lines, and of the step that wrote them."""


def rework_of(steps: Iterable[BranchStep], changes: Collection[str], days: int) -> dict[str, Rework]:
    """The fate of the lines of these changes, for each that is among the steps, oldest first."""
    files: dict[str, list[Run]] = {}
    writers: list[BranchStep] = []
    wrote: dict[int, int] = {}
    again: dict[int, int] = {}
    for step in steps:
        number = len(writers) if step.commit in changes else _NOBODY
        if number != _NOBODY:
            writers.append(step._replace(files=()))
            wrote[number] = 0
        # A list, so that all files are taken out before one is put back: two may swap names in one step.
        for edit, before in [(edit, _before(files, edit)) for edit in step.files]:
            after, removed = _replaced(before, edit.hunks, number)
            for writer, lines in removed.items():
                if step.time - writers[writer].time <= days * _DAY:
                    again[writer] = again.get(writer, 0) + lines
            if number != _NOBODY:
                wrote[number] += sum(hunk.added for hunk in edit.hunks)
            if edit.after is not None and len(after) <= _MOST_RUNS:
                files[edit.after] = after
    return {step.commit: Rework(wrote[number], again.get(number, 0)) for number, step in enumerate(writers)}


def _before(files: dict[str, list[Run]], edit: FileEdit) -> list[Run]:
    """The lines of a file before an edit, removed from the state: files may swap names in one step."""
    known = files.pop(edit.before, None) if edit.before is not None else None
    return known or [(_ENDLESS, _NOBODY)]


def _replaced(before: Sequence[Run], hunks: Sequence[Hunk], writer: int) -> tuple[list[Run], dict[int, int]]:
    """The lines of a file after an edit, and the number of removed lines by their writer."""
    after: list[Run] = []
    removed: dict[int, int] = {}
    rest = _Rest(before)
    for hunk in hunks:
        for run in rest.take_to(hunk.start):
            _append(after, run)
        for count, whose in rest.take_to(hunk.start + hunk.removed):
            if whose not in (_NOBODY, writer):
                removed[whose] = removed.get(whose, 0) + count
        _append(after, (hunk.added, writer))
    for run in rest.take_to(_ENDLESS):
        _append(after, run)
    return after, removed


def _append(runs: list[Run], run: Run) -> None:
    count, whose = run
    if runs and runs[-1][1] == whose:
        runs[-1] = runs[-1][0] + count, whose
    elif count:
        runs.append(run)


class _Rest:
    """The lines of a file that have not been processed yet."""

    def __init__(self, runs: Sequence[Run]) -> None:
        self._runs = iter(runs)
        self._run: Run = (0, _NOBODY)
        self._at = 0

    def take_to(self, line: int) -> Iterable[Run]:
        """The lines up to this one."""
        while self._at < line:
            count, whose = self._run
            if not count:
                found = next(self._runs, None)
                if found is None:
                    return
                self._run = found
                continue
            taken = min(count, line - self._at)
            self._at += taken
            self._run = count - taken, whose
            yield taken, whose
