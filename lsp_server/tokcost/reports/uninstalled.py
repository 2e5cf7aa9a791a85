"""The text about what uninstalling removes and what remains."""

import os
from collections.abc import Sequence

from tokcost.model.traces import Clones, Remaining, Traces
from tokcost.reports.layout import paragraph, plain
from tokcost.reports.text import counted, escape


def traces_text(clones: Clones) -> str:
    """Everything that would be removed, clone by clone; empty if there is nothing."""
    text = "".join(_clone(one) for one in clones.found if not one.is_clean)
    if clones.gone:
        listed = ", ".join(map(escape, clones.gone))
        text += f"{counted(len(clones.gone), 'clone')} no longer at their place, so nothing is done there: {listed}\n"
    if clones.unknown:
        text += (
            f"You agreed to cost lines in {counted(clones.unknown, 'more clone')} that the ledger does not know"
            f" (deleted, moved or purged): run `tokcost uninstall` in each that still exists.\n"
        )
    return text


def _clone(one: Traces) -> str:
    folder, git = one.worktree.path, one.worktree.common_dir
    parts = [
        ("hooks", [_inside(path, folder) for path in one.hooks]),
        ("settings", one.settings),
        ("files", [_inside(path, folder if git.startswith(folder) else git) for path in one.files]),
    ]
    lines = [f"  {name:<8}  {escape(', '.join(found))}" for name, found in parts if found]
    if one.is_shared:
        lines.append("  another user of this machine also agreed here, so hooks and settings stay")
    if one.problem:
        lines.append(f"  cannot be read: {escape(one.problem)}")
    return "".join(f"{line}\n" for line in [escape(folder), *lines])


def _inside(path: str, folder: str) -> str:
    return os.path.relpath(path, folder) if path.startswith(folder + os.sep) else path


def remains_text(
    left: Sequence[tuple[str, str]], remaining: Sequence[Remaining], columns_wide: int | None = None
) -> str:
    """The text about what was left in clones, and what is outside of them with the command that removes it."""
    text = "".join(f"  {escape(folder)}: {escape(said.removesuffix('.'))}.\n" for folder, said in left)
    text += "\n" if left else ""
    text += "What remains, and how to remove it:\n"
    for what, where, how in remaining:
        text += f"  {what} ({escape(where)})\n    {escape(how)}\n"
    yours = (
        "Lines in commits stay: they are history. A `.tokcost.toml` belongs to its project; what you added to"
        " prompts, status lines, editors or a shared hooks folder, you can remove yourself."
    )
    return text + plain(paragraph(yours, columns_wide))
