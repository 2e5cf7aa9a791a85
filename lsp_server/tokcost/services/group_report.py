"""The grouped figures of a report: facts about its changes, read from history, reduced to what privacy allows."""

from tokcost.history.facts_of_changes import read_facts
from tokcost.history.privacy.groups import Facts, grouped
from tokcost.history.report_policy import ReportPolicy
from tokcost.history.work_types import NO_TYPE
from tokcost.model.changes import Grouping, Report
from tokcost.repo.history import Range, Repository, read_authors


def group(repository: Repository, span: Range, report: Report, policy: ReportPolicy) -> None:
    """Add to a report the groupings that may be shown, and the reasons why others are empty."""
    facts = read_facts(repository, span, report.changes, policy, report.notes)
    carriers = {commit for change in report.changes for commit in change.carriers}
    report.missing = {name: why for name, (known, why) in _known(facts).items() if not known}
    found = grouped(report.changes, read_authors(repository, carriers), facts, policy.contributors)
    report.groups = {name: cells for name, cells in found.items() if name not in report.missing}


def _known(facts: Facts) -> dict[Grouping, tuple[bool, str]]:
    """Whether there is anything to group by, and a sentence if there is not."""
    return {
        "tag": (bool(facts.tags), "No release tag lies on this history."),
        "area": (bool(facts.areas), "The files that these changes touched were not read."),
        "size": (bool(facts.sizes), "The sizes of these changes are not known."),
        "type": (
            any(name != NO_TYPE for name in facts.types.values()),
            "No change names a type: a subject such as `fix: …`, a branch such as fix/…, or [types] in .tokcost.toml.",
        ),
        "issue": (bool(facts.issues), "No change refers to an issue, such as ABC-123, #12 or `Fixes #12`."),
    }
