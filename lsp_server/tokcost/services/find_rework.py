"""The part of a report's cost whose lines were largely changed again soon after."""

from tokcost.history.rework import rework_of
from tokcost.model.changes import Change, Report, Reworked
from tokcost.repo.edits import read_edits
from tokcost.repo.history import Range, Repository
from tokcost.repo.run import GitFailed

_DAY = 86_400


def find_rework(repository: Repository, span: Range, report: Report, newest: int, days: int) -> None:
    """Add to each change of a report what became of its lines within `days` days.

    `newest` is the time of the last commit of the range: changes younger than `days` at that time cannot be judged yet.
    """
    if not report.changes:
        return
    named = {change.commit: change for change in report.changes}
    oldest = min(report.changes, key=lambda change: change.title.time)
    # The parents of the oldest change, not the range's own end: with `--since`, earlier commits need not be read.
    since = Range("", span.tips, (*span.excluded, f"{oldest.commit}^@"))
    try:
        found = rework_of(read_edits(repository, since), named, days)
    except GitFailed:
        report.notes.append(
            "this partial clone has no contents: it is unknown which lines were changed again; a clone without"
            " --filter has the contents"
        )
        return
    for commit, rework in found.items():
        named[commit].rework = rework
    reworked = [change for change in report.changes if change.rework is not None and change.rework.is_most]
    young = [change for change in report.changes if _is_young(change, newest, days)]
    report.reworked = Reworked(days, len(reworked), sum(change.list_cost for change in reworked), len(young))


def _is_young(change: Change, newest: int, days: int) -> bool:
    return not (change.rework and change.rework.is_most) and newest - change.title.time < days * _DAY
