"""Checks everything that a number is based on: logs, skipped records, the ledger itself, places, prices."""

import os
import stat
from collections.abc import Iterator, Mapping
from pathlib import Path

from tokcost import __version__
from tokcost.errors import EnvironmentProblem, LedgerDamaged
from tokcost.estimates.switch import PACKAGES, is_possible, is_wanted
from tokcost.installation import installation
from tokcost.ledger.open import FILE_NAME, Ledger, open_for_reading
from tokcost.ledger.prices import current_prices, price_states
from tokcost.ledger.query import copies, estimated_by_assistant, evidence_counts, file_problem, span
from tokcost.ledger.rescue_record import read_rescues
from tokcost.ledger.rollup import disagreements
from tokcost.ledger.sources import files_read, skipped_in, tallies, unreadable
from tokcost.model.checks import Check, Diagnosis
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
from tokcost.reports.findings import (
    capability_check,
    estimated_checks,
    files_read_checks,
    place_checks,
    price_checks,
    repeated_checks,
    rescue_checks,
    skipped_checks,
    sum_check,
)
from tokcost.reports.text import counted, megabytes, to_copy
from tokcost.services.answer_guard import SWITCH
from tokcost.services.check_environment import check_crashes, check_guard_switch, check_home, check_switches
from tokcost.services.check_settings import check_settings
from tokcost.services.install_guard import check_guards
from tokcost.services.look_at_clone import find_here, no_worktree
from tokcost.services.rescue import rescue
from tokcost_hooks.installation.report import hook_checks


def diagnose(home: Path, environ: Mapping[str, str], cwd: Path) -> Diagnosis:
    """Run all checks. Changes nothing, except that a damaged ledger is rescued."""
    diagnosis = Diagnosis()
    # First, because later checks read the ledger.
    unusable = _rescued(home)
    _repository(diagnosis, home, environ, cwd)
    _folders(diagnosis, environ)
    _unread(diagnosis, environ, cwd)
    if unusable is None:
        diagnosis.add("ledger", *check_home(home, environ))
        _ledger(diagnosis, home)
    else:
        diagnosis.add("ledger", unusable)
    diagnosis.add("rescues", *rescue_checks(read_rescues(home)))
    diagnosis.add("program", *check_guards(home, environ), *check_guard_switch(SWITCH, environ), *check_crashes(home))
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


def _repository(diagnosis: Diagnosis, home: Path, environ: Mapping[str, str], cwd: Path) -> None:
    here = find_here(cwd)
    try:
        settings = check_settings(home, environ, here)
    except EnvironmentProblem as problem:
        settings = [Check("settings", f"not checked: {problem}", True, problem.hint)]
    diagnosis.add("repository" if here else "ledger", *settings)
    diagnosis.add("hooks" if here else "program", *check_switches(environ))
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
        diagnosis.add("hooks", *hook_checks(here, consent.enabled))
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
            found.append(capability_check(reader.name, getattr(reader, "capabilities", Capabilities())))
        if isinstance(reader, Guarded) and reader.prints:
            found.append(Check(reader.name, "its reader prints text, which is discarded", True, _repair(reader)))
        diagnosis.add("logs", *found)
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
        diagnosis.add("ledger", Check("integrity", "ok"))  # everything else has been rescued by now
        diagnosis.add("ledger", sum_check([str(group) for group in disagreements(ledger)]))
        diagnosis.add("ledger", *files_read_checks(files_read(ledger)))
        diagnosis.add("records", *_records(ledger))
        diagnosis.add("places", *place_checks(evidence_counts(ledger), count))
        sources = sorted({row.basis.split(" ")[0] for row in current_prices(ledger)})
        diagnosis.add("prices", *price_checks(price_states(ledger), sources))


def _records(ledger: Ledger) -> Iterator[Check]:
    unread = [
        Check("unreadable", f"{path}: {reason}", True, _way_on(path, whose))
        for path, reason, whose in unreadable(ledger)
    ]
    skipped = [*unread, *skipped_checks(tallies(ledger, "skipped"), skipped_in(ledger))]
    yield from skipped or [Check("skipped", "none")]
    yield from repeated_checks(tallies(ledger, "duplicate"), copies(ledger))
    yield from estimated_checks(estimated_by_assistant(ledger))


def _way_on(path: str, assistant: str) -> str:
    """The hint for a file that could not be read: a matter of permissions, or of the reader."""
    others = "All other files were read."
    if not os.access(path, os.R_OK):
        return f"{others} Run `ls -l {to_copy(path)}` to see who may read this one."
    reader = next((one for one in readers() if one.name == assistant), None)
    if reader is None:
        return f"{others} No reader of {assistant} is installed any more."
    return f"{others} If this one is intact, its format is unknown to the reader of {assistant}. {_repair(reader)}"
