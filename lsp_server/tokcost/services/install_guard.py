"""`tokcost guard install`: has assistants ask about budgets while they work (`answer_guard.py` answers them)."""

import json
import os
import shlex
import sys
from collections.abc import Callable, Mapping
from contextlib import suppress
from pathlib import Path
from typing import Any, NamedTuple, cast

from tokcost.errors import EnvironmentProblem, UsageError, of_file
from tokcost.files.foreign import MOST, read_bounded
from tokcost.files.private import make_folders, private_folder, read_ours, write_whole
from tokcost.guards.protocol import Entry, Guard, Moment
from tokcost.guards.registry import NAMES, guard_of
from tokcost.model.checks import Check
from tokcost.reports.text import to_copy

RECORD = "guards.json"
"""In the ledger's folder: everything that was added to settings of assistants, so that exactly that can be removed."""


class InstalledGuard(NamedTuple):
    """A guard that was installed, or is in place."""

    guard: Guard
    path: str
    text: str
    """The added text, or all of the file."""


class GuardChange(NamedTuple):
    """The effect of installing a guard."""

    guard: Guard
    path: str
    before: str | None
    """The text of the file; `None` if there is none."""
    after: str
    pieces: list[str]
    """The added pieces; empty if the file belongs to the guard alone."""


def known_guard(name: str) -> Guard:
    """The guard of an assistant. Raises `UsageError`."""
    guard = guard_of(name)
    if guard is None:
        raise UsageError(f"there is no guard for {name!a}", f"There are guards for {', '.join(NAMES)}.")
    return guard


def plan_install(home: Path, environ: Mapping[str, str], name: str, *, blocks: bool) -> GuardChange:
    """The text that would be written for an assistant.

    Raises `UsageError`, and `EnvironmentProblem` if a guard is in place or the assistant's settings cannot be parsed.
    """
    guard = known_guard(name)
    # People link their settings from a folder of dotfiles: the file behind the link is changed, and the link stays.
    path = os.path.realpath(guard.settings(environ))
    if _is_there(guard, _record(home).get(guard.name)):
        raise EnvironmentProblem(
            f"{guard.title} has a guard already", f"Remove it with `tokcost guard uninstall {guard.name}` first."
        )
    before = _read(path)
    command = _commands(guard, blocks)
    if before is not None and _asks(guard, before):
        raise _asks_already(guard, path)
    if guard.whole is None:
        return _in_document(guard, path, before, command)
    if before is not None and before.strip():
        raise EnvironmentProblem(f"{path} already exists, and tokcost did not write it", "Rename or remove it.")
    return GuardChange(guard, path, before, guard.whole(command), [])


def _is_there(guard: Guard, noted: Mapping[str, Any] | None) -> bool:
    """Whether a recorded guard is in the assistant's settings: a process killed after the record added none."""
    text = _read(str(noted["path"])) if noted else None
    return text is not None and _asks(guard, text)


def _asks(guard: Guard, text: str) -> bool:
    """Whether an entry of ours is there, also if its record was lost."""
    return f"{_MARK}{guard.name} " in text


def _asks_already(guard: Guard, path: str) -> EnvironmentProblem:
    return EnvironmentProblem(
        f"{path} already calls tokcost", f"Remove it with `tokcost guard uninstall {guard.name}` first."
    )


def _in_document(guard: Guard, path: str, before: str | None, command: Callable[[Moment], str]) -> GuardChange:
    from tokcost.guards.json_text import UnreadableJson, beyond_json, insertions, is_blank

    assert guard.entries is not None
    entries = list(guard.entries(command))
    text = _EMPTY if before is None or is_blank(before) else before
    try:
        after, pieces = insertions(text, entries)
    except UnreadableJson as problem:
        raise _cannot_add(guard, path, entries, f"{problem}") from problem
    for kind, words in beyond_json(text).items():
        if kind not in guard.reads:
            raise _cannot_add(guard, path, entries, f"it has {words}, and {guard.title} cannot read such a file")
    return GuardChange(guard, path, before, after, pieces)


_EMPTY = "{\n}\n"
"""The settings of an empty file."""


def _cannot_add(guard: Guard, path: str, entries: list[Entry], why: str) -> EnvironmentProblem:
    """The error for settings that stay unchanged, with everything the user needs to add the hooks by hand."""
    hooks: dict[str, dict[str, list[Any]]] = {}
    for entry in entries:
        hooks.setdefault(entry.path[0], {}).setdefault(entry.path[1], []).append(entry.value)
    hint = f"Repair it and run the command again, or add the hooks of {guard.title} by hand: {json.dumps(hooks)}"
    return EnvironmentProblem(f"{path} was not changed: {why}", hint)


def install_guard(home: Path, plan: GuardChange) -> None:
    """Write the settings, and record what was added. Raises `EnvironmentProblem`."""
    from tokcost.guards.json_text import is_blank

    try:
        private_folder(str(home))
        _refuse_read_only(plan.path)
        # The user was asked in between, and the assistant may have written its settings meanwhile.
        if _read(plan.path) != plan.before:
            raise EnvironmentProblem(f"{plan.path} has changed in the meantime", "Run the command again.")
        is_ours_alone = plan.before is None or is_blank(plan.before)
        noted = {"path": plan.path, "pieces": plan.pieces, "whole": plan.after if is_ours_alone else None}
        noted["blank"] = plan.before if is_ours_alone else None
        record = _record(home)
        # The folders of an installation that was killed after its record exist by now.
        noted["folders"] = _missing_folders(plan.path) or record.get(plan.guard.name, {}).get("folders", [])
        _remember(home, record | {plan.guard.name: noted})  # recorded first, so that it can always be removed
        make_folders(os.path.dirname(plan.path), 0o755)
        write_whole(plan.path, plan.after.encode(), 0o600, keeps_mode=True)
    except OSError as error:
        raise of_file(plan.path, "cannot be written", error) from error


def _refuse_read_only(path: str) -> None:
    """Raises `EnvironmentProblem` for a file that is write-protected. Replacing it would need no such permission,
    but somebody protected it, or has another program write it, for a reason."""
    with suppress(FileNotFoundError):
        if not os.stat(path).st_mode & 0o222:
            raise EnvironmentProblem(
                f"{path} is read-only", "Make it writable, or change the source that generates it."
            )


def uninstall_guard(home: Path, environ: Mapping[str, str], name: str) -> str | None:
    """Remove exactly what was added; returns the path of the file, or `None` if there was no guard.

    If the record was lost, the entries are recognised by their command. Raises `UsageError`, and `EnvironmentProblem`
    if an entry was changed.
    """
    guard = known_guard(name)
    record = _record(home)
    path = os.path.realpath(guard.settings(environ))
    noted: dict[str, Any] | None = record.pop(guard.name, None)
    if noted is None:
        text = _read(path)
        if text is None or not _asks(guard, text):
            return None
        # Only a file that is exactly as we write it is deleted without a record.
        whole = guard.whole is not None and text in (guard.whole(_commands(guard, one)) for one in (False, True))
        noted = {"path": path, "pieces": [], "whole": text if whole else None, "folders": []}
    path = str(noted["path"])
    try:
        _refuse_read_only(path)
        _take_out(guard, path, noted)
        _remember(home, record)
    except OSError as error:
        raise of_file(path, "cannot be written", error) from error
    return path


def _missing_folders(path: str) -> list[str]:
    """The folders that are created for a file, the innermost first."""
    missing: list[str] = []
    folder = os.path.dirname(path)
    while folder and not os.path.isdir(folder):
        missing.append(folder)
        folder = os.path.dirname(folder)
    return missing


def _take_out(guard: Guard, path: str, noted: Mapping[str, Any]) -> None:
    from tokcost.guards.json_text import UnreadableJson, without

    text = _read(path)
    if text is None:
        return
    if text == noted["whole"]:
        blank = noted.get("blank")
        if blank is not None:  # there was an empty file
            write_whole(path, str(blank).encode(), keeps_mode=True)
            return
        os.unlink(path)
        for folder in noted.get("folders", []):
            with suppress(OSError):  # the folder has other files by now
                os.rmdir(folder)
        return
    try:
        left = without(text, noted["pieces"]) if noted["pieces"] else None
        left = _without_ours(guard, text) if left is None else left
    except UnreadableJson as problem:
        raise EnvironmentProblem(
            f"{path} was changed since, and cannot be parsed: {problem}",
            f"Remove every entry with `{_MARK}` by hand, then run the command again.",
        ) from problem
    if left != text:
        write_whole(path, left.encode(), keeps_mode=True)


def _without_ours(guard: Guard, text: str) -> str:
    """The settings without our commands, if somebody reformatted them or added something in between."""
    from tokcost.guards.json_text import UnreadableJson, without_elements

    if guard.entries is None:
        if _MARK in text:
            raise UnreadableJson("this file of the guard was changed since")
        return text
    for entry in guard.entries(lambda moment: moment):
        text = without_elements(text, entry.path, _MARK)
    return text


def installed(home: Path) -> list[InstalledGuard]:
    """Every guard in place."""
    found: list[InstalledGuard] = []
    for name, noted in _record(home).items():
        guard = guard_of(name)
        if guard is not None and _is_there(guard, noted):
            found.append(InstalledGuard(guard, str(noted["path"]), "\n".join(noted["pieces"]) or str(noted["whole"])))
    return found


def check_guards(home: Path, environ: Mapping[str, str]) -> list[Check]:
    """Every guard in place; one that its assistant does not run is a finding."""
    try:
        found = installed(home)
    except EnvironmentProblem as problem:
        return [Check("guards", str(problem), True, problem.hint)]
    checks: list[Check] = []
    for one in found:
        off = why_off(one.guard, environ)
        hint = f"Change that setting, or run `tokcost guard uninstall {one.guard.name}`." if off else ""
        said = f"{one.guard.title} does not call it: {off}" if off else f"of {one.guard.title}, in {one.path}"
        checks.append(Check("guard", said, bool(off), hint))
    return checks


def why_off(guard: Guard, environ: Mapping[str, str]) -> str:
    """The setting by which the user turned off an assistant's hooks, the guard among them; empty if there is none."""
    from tokcost.guards import switches  # only people ask

    return switches.why_off(guard, environ)


_MARK = "guard check "


def _commands(guard: Guard, blocks: bool) -> Callable[[Moment], str]:
    """The shell command for each event. Once tokcost is uninstalled, the command does nothing."""
    program = _program()

    def command(moment: Moment) -> str:
        words = shlex.join([*program, *_MARK.split(), guard.name, moment, *(["--block"] if blocks else [])])
        # Assistants write prompts and arguments of tools to standard input, which nothing of ours may open.
        return f"[ ! -x {shlex.quote(program[0])} ] || {words} </dev/null"

    return command


def _program() -> list[str]:
    """The command line that starts this tokcost."""
    beside = os.path.join(os.path.dirname(sys.executable), "tokcost")
    for path in (os.path.abspath(sys.argv[0]), beside):
        if os.path.basename(path) == "tokcost" and os.access(path, os.X_OK) and os.path.isfile(path):
            return [path]
    # -P keeps the current folder, which may be anybody's repository, from the import path.
    return [sys.executable, "-P", "-m", "tokcost"]


def _record(home: Path) -> dict[str, dict[str, Any]]:
    """Everything that was recorded about each guard. Raises `EnvironmentProblem`."""
    data = read_ours(os.path.join(home, RECORD))
    try:
        found: Any = json.loads(data) if data is not None else {}
        for noted in found.values():
            _require_noted(noted)
        return cast(dict[str, dict[str, Any]], found)
    except (ValueError, TypeError, AttributeError, LookupError, RecursionError) as error:
        why = error if isinstance(error, ValueError) else "tokcost writes it in another form"
        hint = "Rename or remove it: `tokcost guard uninstall` also finds entries by their command."
        raise EnvironmentProblem(f"{home / RECORD} cannot be parsed: {why}", hint) from error


def _require_noted(noted: Any) -> None:
    """Raises `TypeError` or `LookupError` for anything that is no record of a guard."""
    texts = [noted["path"], *noted["pieces"], *noted.get("folders", [])]
    texts += [text for text in (noted["whole"], noted.get("blank")) if text is not None]
    if not isinstance(noted["pieces"], list) or not all(isinstance(text, str) for text in texts):
        raise TypeError


def _remember(home: Path, record: Mapping[str, Any]) -> None:
    path = os.path.join(home, RECORD)
    if record:
        write_whole(path, (json.dumps(record, indent=2) + "\n").encode())
    else:
        with suppress(FileNotFoundError):
            os.unlink(path)


def _read(path: str) -> str | None:
    """A settings file; `None` if there is none. Raises `EnvironmentProblem`."""
    try:
        return read_bounded(path, MOST).decode("utf-8")
    except FileNotFoundError:
        return None
    except UnicodeDecodeError as error:
        hint = "Save it as UTF-8, then run the command again."
        raise EnvironmentProblem(f"{path} was not changed: it is not UTF-8 (byte {error.start})", hint) from error
    except OSError as error:
        hint = f"Run `ls -l {to_copy(path)}` to see what it is and who may read it."
        raise EnvironmentProblem(f"{path} cannot be read: {error.strerror or error}", hint) from error
