"""Facts about the ledger, its rescues and the logs as the checks of `tokcost doctor`, which a terminal and an editor
show alike."""

from collections.abc import Iterable, Iterator, Mapping, Sequence

from tokcost.model.checks import Check
from tokcost.model.logs import Capabilities
from tokcost.model.rescue import Rescue
from tokcost.reports.rescues import saved_words
from tokcost.reports.text import counted, evidence_word, megabytes

_SKIPPED = "No figure includes them. A newer tokcost may read them; `tokcost doctor --reader NAME FILE` reads one file."
_GOOD_EVIDENCE = ("observed", "reflog", "carried", "assigned")
_MOST_NAMED = 3
"""The number of files that are named for each reason for skipping records."""


def rescue_checks(rescues: Iterable[Rescue]) -> Iterator[Check]:
    """All rescues; each is a finding until somebody acknowledges it."""
    for one in rescues:
        hint = "" if one.acknowledged else "`tokcost doctor --acknowledge` ends the notices about it."
        yield Check(one.stamp, f"{one.what}: {saved_words(one)}", not one.acknowledged, hint)
        yield Check("kept", f"{one.damaged_file}; delete it when you no longer need it")
        for subject, counts in (("saved", one.rows), ("of a backup", one.from_backup), ("lost", one.lost)):
            if any(counts.values()):
                yield Check(subject, ", ".join(f"{count:,} {table}" for table, count in counts.items() if count))
        if one.unreadable_pages > 0:
            yield Check("unreadable", f"{one.unreadable_pages:,} pages of the file")


def capability_check(reader: str, can: Capabilities) -> Check:
    """The facts that the logs of an assistant record, and those that they lack."""
    parts = [
        f"logs count {', '.join(can.classes).replace('_', ' ')}",
        "" if can.exactness == "exact" else f"the counts are {can.exactness}",
        f"name {_of_each('folder', can.folder)} and {_of_each('branch', can.branch)}",
        f"are kept for {can.retention}" if can.retention else "",
        f"checked with {can.versions}" if can.versions else "",
        f"billed but not logged: {can.gaps}" if can.gaps else "",
    ]
    return Check(reader, "; ".join(part for part in parts if part))


def _of_each(what: str, whose: str) -> str:
    return f"no {what}" if whose == "none" else f"the {what} of each {whose.removeprefix('each ')}"


def sum_check(disagreeing: Sequence[str]) -> Check:
    """Whether the stored sums agree with their rows, by the names of those that do not."""
    if not disagreeing:
        return Check("sums", "every stored sum agrees with its rows")
    found = f"{len(disagreeing)} sums differ from their rows, the first at {disagreeing[0]}"
    return Check("sums", found, True, "This is a bug in tokcost; please report it.")


def files_read_checks(files_read: Mapping[str, tuple[int, int]]) -> Iterator[Check]:
    """The number of files of each assistant that were read, and their bytes."""
    for assistant, (files, size) in files_read.items():
        yield Check(assistant, f"{counted(files, 'file')} read, {megabytes(size)}")


def skipped_checks(
    skipped: Mapping[tuple[str, str], int], files: Mapping[tuple[str, str], Sequence[str]]
) -> Iterator[Check]:
    """Records that were skipped, by assistant and reason, and the files that they are in."""
    for (assistant, reason), count in sorted(skipped.items()):
        where = files.get((assistant, reason), [])
        more = f" and {len(where) - _MOST_NAMED:,} more" if len(where) > _MOST_NAMED else ""
        named = f", in {', '.join(where[:_MOST_NAMED])}{more}" if where else ""
        yield Check("skipped", f"{count:,} x {assistant}: {reason}{named}", True, _SKIPPED)


def repeated_checks(repeated: Mapping[tuple[str, str], int], copied: int) -> Iterator[Check]:
    """Records that repeat others, by assistant and reason, and responses copied into another session."""
    for (assistant, reason), count in sorted(repeated.items()):
        yield Check("not counted twice", f"{count:,} x {assistant}: {reason}")
    if copied:
        yield Check("not counted twice", f"{copied:,} x history copied into another session")


def estimated_checks(estimated: Iterable[tuple[str, int, int]]) -> Iterator[Check]:
    """Responses with estimated counts: assistant, factor of counts from text in percent (0: none), number."""
    for assistant, factor, count in estimated:
        how = f", counted from text, times {factor / 100:.2f}" if factor else ""
        found = (
            f"{count:,} x {assistant}: no provider reported the counts (≈{how}), so cost lines and budgets omit them"
        )
        hint = "Run `git config tokcost.estimates true` in a clone to include them there."
        yield Check("estimated", found, hint=hint)


def place_checks(evidence: Mapping[str, int], count: int) -> Iterator[Check]:
    """The number of responses by the evidence of their place, of `count` responses in all."""
    for kind, number in sorted(evidence.items(), key=lambda item: -item[1]):
        yield Check(evidence_word(kind), f"{counted(number, 'response')} ({number / count:.0%})")
    good = sum(evidence.get(kind, 0) for kind in _GOOD_EVIDENCE)
    if count and good < count:
        weak = f"{counted(count - good, 'response')} placed only by the assistant's own log, or on no branch"
        yield Check("weak", weak, hint="Move them by hand with `tokcost assign`.")


def price_checks(states: Iterable[tuple[str, str, int, int]], sources: Iterable[str]) -> Iterator[Check]:
    """The sources of the prices, and what is priced: state, model, responses, tokens."""
    yield Check("source", ", ".join(sources) or "none needed yet")
    for state, model, number, tokens in states:
        hint = "Run `tokcost prices explain MODEL` to see why." if state in ("unpriced", "estimated") else ""
        yield Check(state, f"{model or '(no name)'}: {counted(number, 'response')}, {tokens:,} tokens", hint=hint)
