"""The result of installing hooks, as text."""

import os
from collections.abc import Sequence

from tokcost.reports.text import escape
from tokcost.reports.words import Say, english

Missing = tuple[str, str, str, bool, str]
"""Hook, file, the lines it needs, whether the file is part of the project, why we cannot add them."""


def planned_text(planned: Sequence[tuple[str, str, bool, bool]], say: Say = english) -> str:
    """Sentences about the hooks that enabling installs: pairs of a hook and its file, whether it is there already,
    and whether somebody else's file needs lines for it."""
    new = [(hook, path) for hook, path, is_there, by_hand in planned if not is_there and not by_hand]
    old = [(hook, path) for hook, path, is_there, _ in planned if is_there]
    manual = [(hook, path) for hook, path, is_there, by_hand in planned if by_hand and not is_there]
    said = (
        [say("If you agree, git hooks are installed, which run when you commit here: {0}.", _by_folder(new, say))]
        if new
        else []
    )
    said += [say("These git hooks of tokcost's are already installed: {0}.", _by_folder(old, say))] if old else []
    if manual:
        said.append(
            say(
                "These need lines in files that are not tokcost's; you will be shown the lines: {0}.",
                _by_folder(manual, say),
            )
        )
    if new:
        said.append(say("Existing hooks run first; `{0}` removes tokcost's.", "tokcost hooks uninstall"))
    return "".join(f"{one}\n" for one in said)


def _by_folder(hooks: Sequence[tuple[str, str]], say: Say) -> str:
    """`commit-msg and post-commit in /repo/.git/hooks`, for each folder."""
    folders: dict[str, list[str]] = {}
    for hook, path in hooks:
        name = os.path.basename(path)
        folders.setdefault(os.path.dirname(path), []).append(hook if name in (hook, "") else f"{hook} ({name})")
    said = ((", ".join(names), escape(folder)) for folder, names in folders.items())
    return "; ".join(say("{0} in {1}", names, folder) if folder else names for names, folder in said)


def named_text(path: str, git_dir: str, counts_in: str) -> str:
    """A sentence about a worktree that git finds only where its repository is named, and about the repository in which
    usage in it counts."""
    where = "here" if counts_in == git_dir else f"in {escape(counts_in)} and not here"
    if not counts_in:
        where = "nowhere: that repository has its worktree elsewhere"
    return (
        f"git finds {escape(git_dir)} in {escape(path)} only where it is named, as by --git-dir, so everything that is"
        f" spent in that folder outside other repositories counts {where}.\n"
    )


def installed_text(said: Sequence[str], waiting: Sequence[str], missing: Sequence[Missing]) -> str:
    """A sentence about what was installed, and everything that remains to be done."""
    text = "" if missing else "tokcost's hooks are installed; existing hooks run first.\n"
    text += "".join(f"{escape(one)}.\n".replace("..\n", ".\n") for one in said)
    text += "".join(f"Left to do: {escape(one)}.\n" for one in waiting)
    for hook, path, lines, committed, refusal in missing:
        whose = ", a file of the project that everybody shares" if committed else ""
        text += f"\n{hook} does not run yet: it needs these lines in {escape(path)}{whose}\n\n{_indented(lines)}\n"
        if refusal:
            text += f"tokcost cannot add them: {escape(refusal)}.\n"
    if any(not refusal for *_, refusal in missing):
        text += "\n`tokcost hooks install --write` adds them.\n"
    return text


def _indented(lines: str) -> str:
    return "".join(f"    {escape(line)}\n" for line in lines.removesuffix("\n").split("\n"))
