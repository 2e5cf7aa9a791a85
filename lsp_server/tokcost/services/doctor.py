"""Checks everything that a number is based on: logs, skipped records, the ledger itself, places, prices."""

import os
import stat
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path

from tokcost import __version__
from tokcost.errors import EnvironmentProblem, LedgerDamaged
from tokcost.estimates.switch import PACKAGES, is_possible, is_wanted
from tokcost.installation import installation
from tokcost.ledger.open import FILE_NAME, open_for_reading
from tokcost.ledger.prices import current_prices, price_states
from tokcost.ledger.query import copies, estimated_by_assistant, evidence_counts, file_problem, span
from tokcost.ledger.rescue_record import read_rescues
from tokcost.ledger.rollup import disagreements
from tokcost.ledger.sources import files_read, skipped_in, tallies, unreadable
from tokcost.model.checks import Check
from tokcost.model.logs import Capabilities, Location
from tokcost.model.received import FROM_TEXT
from tokcost.policy.clone_state import read_state
from tokcost.policy.consent import read_consent
from tokcost.readers.environment import user_home
from tokcost.readers.guarded import Guarded
from tokcost.readers.protocol import Reader, told_as
from tokcost.readers.registry import broken_readers, readers
from tokcost.readers.unread import unread_logs
from tokcost.repo.head import is_unborn, read_head
from tokcost.repo.reflog import read_reflog
from tokcost.reports.rescues import saved_words
from tokcost.reports.text import counted, evidence_word, megabytes, to_copy
from tokcost.services.answer_guard import SWITCH
from tokcost.services.check_environment import check_crashes, check_guard_switch, check_home, check_switches
from tokcost.services.check_settings import check_settings
from tokcost.services.install_guard import check_guards
from tokcost.services.look_at_clone import find_here, no_worktree
from tokcost.services.rescue import rescue
from tokcost_hooks.installation.report import hook_checks

_SKIPPED = "No figure includes them. A newer tokcost may read them; `tokcost doctor --reader NAME FILE` reads one file."
GOOD_EVIDENCE = ("observed", "reflog", "carried", "assigned")


@dataclass(slots=True)
class Diagnosis:
    """All checks, by section."""

    parts: dict[str, list[Check]] = field(default_factory=dict[str, list[Check]])

    def add(self, part: str, check: Check) -> None:
        """Add a check to a section."""
        self.parts.setdefault(part, []).append(check)

    @property
    def findings(self) -> int:
        """The number of checks that found something wrong."""
        return sum(check.finding for checks in self.parts.values() for check in checks)


def diagnose(home: Path, environ: Mapping[str, str], cwd: Path) -> Diagnosis:
    """Run all checks. Changes nothing, except that a damaged ledger is rescued."""
    diagnosis = Diagnosis()
    # First, because later checks read the ledger.
    unusable = _rescued(home)
    _repository(diagnosis, home, environ, cwd)
    _folders(diagnosis, environ)
    _unread(diagnosis, environ, cwd)
    for check in check_home(home, environ) if unusable is None else (unusable,):
        diagnosis.add("ledger", check)
    if unusable is None:
        _ledger(diagnosis, home)
    _rescues(diagnosis, home)
    for check in (*check_guards(home, environ), *check_guard_switch(SWITCH, environ), *check_crashes(home)):
        diagnosis.add("program", check)
    program = installation()
    diagnosis.add("program", Check("tokcost", f"{__version__}, in {program.folder}"))
    diagnosis.add("program", Check("upgrade", program.upgrade))
    return diagnosis


def _rescued(home: Path) -> Check | None:
    """Rescue a damaged ledger; the finding if the ledger can be neither read nor rescued."""
    try:
        if damage := _damage(home):
            rescue(home, damage)
    except EnvironmentProblem as problem:
        return Check("file", str(problem), True, problem.hint)
    return None


def _damage(home: Path) -> str:
    """The damage of the ledger's file, which is checked completely; empty if there is none."""
    try:
        ledger = open_for_reading(home)
        if ledger is None:
            return ""
        with ledger:
            return file_problem(ledger)
    except LedgerDamaged as damage:
        return damage.what


def _rescues(diagnosis: Diagnosis, home: Path) -> None:
    """Report all rescues; each is a finding until somebody acknowledges it."""
    for one in read_rescues(home):
        hint = "" if one.acknowledged else "`tokcost doctor --acknowledge` ends the notices about it."
        diagnosis.add("rescues", Check(one.stamp, f"{one.what}: {saved_words(one)}", not one.acknowledged, hint))
        diagnosis.add("rescues", Check("kept", f"{one.damaged_file}; delete it when you no longer need it"))
        for subject, counts in (("saved", one.rows), ("of a backup", one.from_backup), ("lost", one.lost)):
            if any(counts.values()):
                said = ", ".join(f"{count:,} {table}" for table, count in counts.items() if count)
                diagnosis.add("rescues", Check(subject, said))
        if one.unreadable_pages > 0:
            diagnosis.add("rescues", Check("unreadable", f"{one.unreadable_pages:,} pages of the file"))


def _repository(diagnosis: Diagnosis, home: Path, environ: Mapping[str, str], cwd: Path) -> None:
    here = find_here(cwd)
    try:
        settings = check_settings(home, environ, here)
    except EnvironmentProblem as problem:
        settings = [Check("settings", f"not checked: {problem}", True, problem.hint)]
    for check in settings:
        diagnosis.add("repository" if here else "ledger", check)
    for check in check_switches(environ):
        diagnosis.add("hooks" if here else "program", check)
    if here is None:
        diagnosis.add("repository", Check("here", str(no_worktree(cwd, ""))))
        return
    diagnosis.add("repository", Check("worktree", here.path + (" (linked)" if here.is_linked else "")))
    diagnosis.add("repository", Check("branch", read_head(here).branch or "detached"))
    reflog = read_reflog(here)
    if reflog.problem and is_unborn(here):
        diagnosis.add("repository", Check("reflog", "empty, like the repository: nothing was committed yet"))
    elif reflog.problem:
        hint = "Run `git config core.logAllRefUpdates true`, so that git records which branch was checked out."
        diagnosis.add("repository", Check("reflog", f"cannot be used: {reflog.problem}", True, hint))
    else:
        diagnosis.add("repository", Check("reflog", counted(len(reflog.entries), "movement") + " of HEAD"))
    try:
        consent = read_consent(home, read_state(here))
        for check in hook_checks(here, consent.enabled):
            diagnosis.add("hooks", check)
        if consent.problem:
            diagnosis.add("hooks", Check("lines", f"not written: {consent.problem}", hint=consent.remedy))
    except EnvironmentProblem as problem:
        diagnosis.add("hooks", Check("hooks", str(problem), True, problem.hint))


def _folders(diagnosis: Diagnosis, environ: Mapping[str, str]) -> None:
    estimates = _estimates_from_text(diagnosis, environ)
    for reader in readers():
        if reader.name in FROM_TEXT and not estimates:
            continue
        try:
            locations = list(dict.fromkeys(reader.locations(environ)))
        except Exception as error:
            # A reader can come from any package; one that fails must not hide the other checks.
            diagnosis.add("logs", _failed(reader, "anywhere", error))
            continue
        found = [_found_at(reader, location) for location in locations if os.path.exists(location.path)]
        if not found:
            found.append(_not_there(reader.name, [location.path for location in locations], environ))
        else:
            found.append(Check(reader.name, _told_by(getattr(reader, "capabilities", Capabilities()))))
        for check in found:
            diagnosis.add("logs", check)
        if isinstance(reader, Guarded) and reader.prints:
            diagnosis.add(
                "logs", Check(reader.name, "its reader prints text, which is discarded", True, _repair(reader))
            )
    for one in broken_readers():
        diagnosis.add("logs", Check(one.target, f"cannot be used: {one.reason}", True, _upgrade(one.package)))


def _not_there(reader: str, paths: list[str], environ: Mapping[str, str]) -> Check:
    home, first = user_home(environ), paths[0] if paths else ""
    first = f"~{first.removeprefix(home)}" if home and first.startswith(f"{home}{os.sep}") else first
    others = f" and {counted(len(paths) - 1, 'other place')}" if len(paths) > 1 else ""
    return Check(reader, f"{', '.join(paths)}: not found", short=f"{first}{others}: not found")


def _estimates_from_text(diagnosis: Diagnosis, environ: Mapping[str, str]) -> bool:
    """Whether token counts are estimated from text; a sentence if the user wants that and it is not possible."""
    if is_wanted(environ) and not is_possible():
        found = "estimates from text are on, but the package that counts tokens is not installed"
        diagnosis.add("logs", Check("estimates", found, True, f"Run `{installation().adding(PACKAGES)}`."))
        return False
    return is_wanted(environ)


def _unread(diagnosis: Diagnosis, environ: Mapping[str, str], cwd: Path) -> None:
    """Logs that exist and are not read. This is no finding: nothing is broken, and nobody needs to repair it."""
    here = find_here(cwd)
    for one in unread_logs(environ, here.root if here else str(cwd), readers()):
        diagnosis.add("logs", Check(one.assistant, f"{one.path}: found, but not read: {one.reason}"))


def _upgrade(package: str) -> str:
    return f"Upgrade or uninstall the package {package}, which provides this reader."


def _repair(reader: Reader) -> str:
    """The hint for a reader that failed."""
    if isinstance(reader, Guarded):
        return _upgrade(reader.package)
    return f"Upgrade tokcost (`{installation().upgrade}`). If that does not help, please report it."


def _found_at(reader: Reader, location: Location) -> Check:
    if not os.access(location.path, os.R_OK):
        hint = f"Run `ls -ld {to_copy(location.path)}` to see who may read it."
        return Check(reader.name, f"{location.path}: cannot be read", True, hint)
    count = size = 0
    try:
        for source in reader.discover(location):
            count, size = count + 1, size + source.size
    except Exception as error:
        return _failed(reader, location.path, error)
    wrong = "" if count else _no_source(location)
    if wrong:
        hint = f"Run `ls -ld {to_copy(location.path)}` to see what it is."
        return Check(reader.name, f"{location.path}: {wrong}", True, hint)
    sources = "a store" if location.kind == "store" else f"{count:,} {'file' if count == 1 else 'files'}"
    return Check(reader.name, f"{location.path}: {sources}, {megabytes(size)}")


def _no_source(location: Location) -> str:
    """The reason why nothing can be read at an existing location; empty for a folder, which may have no logs yet."""
    if location.kind == "folder":
        return "" if os.path.isdir(location.path) else "not a folder, so nothing is read there"
    is_file = os.path.isfile(location.path)
    return "its reader finds no logs there" if is_file else "not a regular file, so nothing is read there"


def _failed(reader: Reader, where: str, error: Exception) -> Check:
    return Check(reader.name, f"{where}: its reader failed ({told_as(error)})", True, _repair(reader))


def _of_each(what: str, whose: str) -> str:
    return f"no {what}" if whose == "none" else f"the {what} of each {whose.removeprefix('each ')}"


def _told_by(can: Capabilities) -> str:
    """A sentence about the facts that the logs of an assistant record, and those that they lack."""
    parts = [
        f"logs count {', '.join(can.classes).replace('_', ' ')}",
        "" if can.exactness == "exact" else f"the counts are {can.exactness}",
        f"name {_of_each('folder', can.folder)} and {_of_each('branch', can.branch)}",
        f"are kept for {can.retention}" if can.retention else "",
        f"checked with {can.versions}" if can.versions else "",
        f"billed but not logged: {can.gaps}" if can.gaps else "",
    ]
    return "; ".join(part for part in parts if part)


def _ledger(diagnosis: Diagnosis, home: Path) -> None:
    path = home / FILE_NAME
    ledger = open_for_reading(home)
    if ledger is None:
        diagnosis.add("ledger", Check("file", f"{path}: does not exist yet; `tokcost log` creates it"))
        return
    with ledger:
        count, _, _ = span(ledger)
        mode, folder = stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(home.stat().st_mode)
        diagnosis.add(
            "ledger", Check("file", f"{path}: {megabytes(path.stat().st_size)}, {counted(count, 'response')}")
        )
        private = mode == 0o600 and folder == 0o700
        hint = f"Run `chmod 600 {to_copy(str(path))}` and `chmod 700 {to_copy(str(home))}`."
        found = "readable only by you" if private else f"readable by others (modes {mode:o} and {folder:o})"
        diagnosis.add("ledger", Check("privacy", found, not private, "" if private else hint))
        _integrity(diagnosis, [str(group) for group in disagreements(ledger)])
        for assistant, (files, size) in files_read(ledger).items():
            diagnosis.add("ledger", Check(assistant, f"{counted(files, 'file')} read, {megabytes(size)}"))
        _skipped(diagnosis, unreadable(ledger), tallies(ledger, "skipped"), skipped_in(ledger))
        _repeated(diagnosis, tallies(ledger, "duplicate"), copies(ledger))
        _estimated(diagnosis, estimated_by_assistant(ledger))
        _places(diagnosis, evidence_counts(ledger), count)
        bases = sorted({row.basis.split(" ")[0] for row in current_prices(ledger)})
        _prices(diagnosis, price_states(ledger), bases)


def _integrity(diagnosis: Diagnosis, disagreeing: list[str]) -> None:
    diagnosis.add("ledger", Check("integrity", "ok"))  # everything else has been rescued by now
    if disagreeing:
        found = f"{len(disagreeing)} sums differ from their rows, the first at {disagreeing[0]}"
        diagnosis.add("ledger", Check("sums", found, True, "This is a bug in tokcost; please report it."))
    else:
        diagnosis.add("ledger", Check("sums", "every stored sum agrees with its rows"))


def _skipped(
    diagnosis: Diagnosis,
    unread: list[tuple[str, str, str]],
    skipped: Mapping[tuple[str, str], int],
    files: Mapping[tuple[str, str], list[str]],
) -> None:
    for path, reason, assistant in unread:
        diagnosis.add("records", Check("unreadable", f"{path}: {reason}", True, _way_on(path, assistant)))
    for (assistant, reason), count in sorted(skipped.items()):
        where = files.get((assistant, reason), [])
        more = f" and {len(where) - _MOST_NAMED:,} more" if len(where) > _MOST_NAMED else ""
        named = f", in {', '.join(where[:_MOST_NAMED])}{more}" if where else ""
        diagnosis.add("records", Check("skipped", f"{count:,} x {assistant}: {reason}{named}", True, _SKIPPED))
    if not (unread or skipped):
        diagnosis.add("records", Check("skipped", "none"))


def _way_on(path: str, assistant: str) -> str:
    """The hint for a file that could not be read: a matter of permissions, or of the reader."""
    others = "All other files were read."
    if not os.access(path, os.R_OK):
        return f"{others} Run `ls -l {to_copy(path)}` to see who may read this one."
    reader = next((one for one in readers() if one.name == assistant), None)
    if reader is None:
        return f"{others} No reader of {assistant} is installed any more."
    return f"{others} If this one is intact, its format is unknown to the reader of {assistant}. {_repair(reader)}"


_MOST_NAMED = 3
"""The number of files that are named for each reason for skipping records."""


def _repeated(diagnosis: Diagnosis, repeated: Mapping[tuple[str, str], int], copied: int) -> None:
    for (assistant, reason), count in sorted(repeated.items()):
        diagnosis.add("records", Check("not counted twice", f"{count:,} x {assistant}: {reason}"))
    if copied:
        diagnosis.add("records", Check("not counted twice", f"{copied:,} x history copied into another session"))


def _estimated(diagnosis: Diagnosis, estimated: Iterable[tuple[str, int, int]]) -> None:
    for assistant, factor, count in estimated:
        how = f", counted from text, times {factor / 100:.2f}" if factor else ""
        found = (
            f"{count:,} x {assistant}: no provider reported the counts (≈{how}), so cost lines and budgets omit them"
        )
        hint = "Run `git config tokcost.estimates true` in a clone to include them there."
        diagnosis.add("records", Check("estimated", found, hint=hint))


def _places(diagnosis: Diagnosis, evidence: Mapping[str, int], count: int) -> None:
    for kind, number in sorted(evidence.items(), key=lambda item: -item[1]):
        diagnosis.add("places", Check(evidence_word(kind), f"{counted(number, 'response')} ({number / count:.0%})"))
    good = sum(evidence.get(kind, 0) for kind in GOOD_EVIDENCE)
    if count and good < count:
        weak = f"{counted(count - good, 'response')} placed only by the assistant's own log, or on no branch"
        diagnosis.add("places", Check("weak", weak, hint="Move them by hand with `tokcost assign`."))


def _prices(diagnosis: Diagnosis, states: list[tuple[str, str, int, int]], bases: list[str]) -> None:
    diagnosis.add("prices", Check("source", ", ".join(bases) or "none needed yet"))
    for state, model, number, tokens in states:
        hint = "Run `tokcost prices explain MODEL` to see why." if state in ("unpriced", "estimated") else ""
        diagnosis.add(
            "prices",
            Check(state, f"{model or '(no name)'}: {counted(number, 'response')}, {tokens:,} tokens", hint=hint),
        )
