"""The result of an installation of hooks, as text."""

import os
from collections.abc import Sequence

from tokcost.reports.text import escape

Missing = tuple[str, str, str, bool, str]
"""Hook, file, the lines it needs, whether the file is part of the project, why we cannot add them."""


def planned_text(planned: Sequence[tuple[str, str, bool, bool]]) -> str:
    """Sentences about the hooks that agreeing installs: pairs of a hook and its file, whether it is there already, and
    whether somebody else's file needs lines for it."""
    new = [(hook, path) for hook, path, is_there, by_hand in planned if not is_there and not by_hand]
    old = [(hook, path) for hook, path, is_there, _ in planned if is_there]
    manual = [(hook, path) for hook, path, is_there, by_hand in planned if by_hand and not is_there]
    said = f"Agreeing installs git hooks, which run when you commit here: {_by_folder(new)}.\n" if new else ""
    said += f"These git hooks of ours are there already: {_by_folder(old)}.\n" if old else ""
    said += f"These need lines in files of others, which you will be shown: {_by_folder(manual)}.\n" if manual else ""
    return said + ("A hook that is there runs first; `tokcost hooks uninstall` takes ours away.\n" if new else "")


def _by_folder(hooks: Sequence[tuple[str, str]]) -> str:
    """`commit-msg and post-commit in /repo/.git/hooks`, for each folder."""
    folders: dict[str, list[str]] = {}
    for hook, path in hooks:
        name = os.path.basename(path)
        folders.setdefault(os.path.dirname(path), []).append(hook if name in (hook, "") else f"{hook} ({name})")
    said = ((", ".join(names), f" in {escape(folder)}" if folder else "") for folder, names in folders.items())
    return "; ".join(f"{names}{where}" for names, where in said)


def installed_text(said: Sequence[str], waiting: Sequence[str], missing: Sequence[Missing]) -> str:
    """A sentence about what is there, and all that is left to do."""
    text = "" if missing else "Our hooks are in place; hooks that were there run first.\n"
    text += "".join(f"{escape(one)}.\n".replace("..\n", ".\n") for one in said)
    text += "".join(f"Left to do: {escape(one)}.\n" for one in waiting)
    for hook, path, lines, committed, refusal in missing:
        whose = ", a file of the project that everybody gets" if committed else ""
        text += f"\n{hook} does not run yet: it needs these lines in {escape(path)}{whose}\n\n{_indented(lines)}\n"
        if refusal:
            text += f"They cannot be added by us: {escape(refusal)}.\n"
    if any(not refusal for *_, refusal in missing):
        text += "\n`tokcost hooks install --write` adds them.\n"
    return text


def _indented(lines: str) -> str:
    return "".join(f"    {escape(line)}\n" for line in lines.removesuffix("\n").split("\n"))
