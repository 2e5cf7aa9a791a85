"""The result of an installation of hooks, as text."""

from collections.abc import Sequence

from tokcost.reports.text import escape

Missing = tuple[str, str, str, bool, str]
"""Hook, file, the lines it needs, whether the file is part of the project, why we cannot add them."""


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
