"""Checks what can keep tokcost from working at all: the ledger's folder, the user's home, switches in the environment,
and crashes of this version."""

import errno
import os
from collections.abc import Iterator, Mapping
from pathlib import Path

from tokcost import __version__
from tokcost.errors import EnvironmentProblem, of_file
from tokcost.files.foreign import shown
from tokcost.files.private import check_private, read_ours, try_to_write
from tokcost.ledger.open import FILE_NAME
from tokcost.model.checks import Check
from tokcost.readers.environment import user_home
from tokcost.reports.text import counted
from tokcost.settings import is_off, is_switched_off

_OFF = "commits made from here carry no line, and their spend is never proposed again"
_ON = ("", "on", "1", "true", "yes")


def check_switches(environ: Mapping[str, str]) -> list[Check]:
    """A switch for one commit that is set for all of them, or set to a value that is not understood."""
    if is_switched_off(environ):
        found = f"TOKCOST={environ['TOKCOST']} is set in this environment: {_OFF}"
        hint = "Run `unset TOKCOST`, and remove it where it is set (a shell profile, .envrc, an editor's settings)."
        return [Check("environment", found, True, hint)]
    return _misunderstood("TOKCOST", environ, "commits carry their lines")


def check_guard_switch(name: str, environ: Mapping[str, str]) -> list[Check]:
    """The switch for one run without a guard, as `check_switches` checks the other."""
    value = environ.get(name, "")
    if is_off(value):
        found = f"{name}={value} is set in this environment: no guard that an assistant asks from here tells or stops"
        return [Check("environment", found, True, f"Run `unset {name}`, and remove it where it is set.")]
    return _misunderstood(name, environ, "guards are asked")


def _misunderstood(name: str, environ: Mapping[str, str], so: str) -> list[Check]:
    value = environ.get(name, "")
    if value.lower() in _ON or is_off(value):
        return []
    found = f"{name} is {shown(value)}, which is not a value that tokcost knows, so {so}"
    return [Check("environment", found, True, f"Write {name}=off, or run `unset {name}`.")]


def check_home(home: Path, environ: Mapping[str, str]) -> Iterator[Check]:
    """Whether the ledger, and everything beside it, can be written, and whether the places of the ledger and of the
    assistants' logs are the same in every folder. Leaves nothing behind."""
    chosen = environ.get("TOKCOST_HOME", "")
    if chosen and not os.path.isabs(os.path.expanduser(chosen)):
        found = f"TOKCOST_HOME is {shown(chosen)}, which is not an absolute path, so each folder has another ledger"
        yield Check("folder", found, True, "Write it as an absolute path, or beginning with ~/.")
    try:
        if home.is_dir():
            check_private(str(home))
        # Modes say nothing about a full disk, and nothing about what root may do.
        try_to_write(str(home))
        if (home / FILE_NAME).exists() and not os.access(home / FILE_NAME, os.W_OK):
            raise PermissionError(errno.EACCES, os.strerror(errno.EACCES), str(home / FILE_NAME))
    except EnvironmentProblem as problem:
        yield Check("folder", f"the ledger cannot be kept there: {problem}", True, problem.hint)
    except OSError as error:
        problem = of_file(error.filename or home, "cannot be written, so no usage is recorded", error)
        yield Check("folder", str(problem), True, f"{problem.hint} Or set TOKCOST_HOME to another folder.")
    where = user_home(environ)
    if not os.path.isabs(where):
        found = f"HOME is {shown(where)}, which is not an absolute path: assistants keep their logs below it"
        yield Check("home", found, True, "Set HOME to the home folder of the user who runs the assistants.")


def check_crashes(home: Path) -> Iterator[Check]:
    """Crash logs of this version; those of another may be about a bug that is no more."""
    logs = [path for path in sorted(home.glob("crash-*.txt")) if _is_of_this_version(path)]
    if logs:
        found = f"{counted(len(logs), 'crash log')} of this version, the last one {logs[-1]}"
        hint = "Please report it with that file, which quotes nothing of yours; then delete it."
        yield Check("crashes", found, True, hint)


def _is_of_this_version(path: Path) -> bool:
    first, _, _ = (read_ours(str(path)) or b"").partition(b"\n")
    return first.strip() == f"tokcost {__version__}".encode()
