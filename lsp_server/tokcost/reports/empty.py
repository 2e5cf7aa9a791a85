"""The output of `tokcost log` if there is nothing to show: the reason, and what to do."""

from collections.abc import Mapping, Sequence

from tokcost.reports.text import counted, escape


def no_logs(read: Mapping[str, Sequence[str]], unread: Sequence[tuple[str, str]]) -> list[str]:
    """No supported assistant has left a log on this machine. `read` has the places of each supported one, of which
    the first is shown; `unread` has assistants whose logs exist without being read, with a place."""
    names = ", ".join(escape(assistant) for assistant in read)
    lines = [f"No logs were found on this machine of the AI assistants that tokcost reads: {names}. Looked in:"]
    for assistant, folders in read.items():
        more = f" and {len(folders) - 1} more" if len(folders) > 1 else ""
        lines += [f"  {escape(assistant)}: {escape(folder)}{more}" for folder in folders[:1]]
    return [
        *lines,
        *seen_but_not_read(unread),
        "If yours keeps its logs elsewhere, set the variable that the assistant itself uses (CLAUDE_CONFIG_DIR,"
        " CODEX_HOME) "
        "and run `tokcost log` again. `tokcost demo` shows what you would see.",
    ]


def seen_but_not_read(unread: Sequence[tuple[str, str]]) -> list[str]:
    """A sentence about logs on this machine that are not read; empty if there are none."""
    if not unread:
        return []
    named = ", ".join(f"{escape(assistant)} ({escape(path)})" for assistant, path in unread)
    return [f"Found, but not read: {named}. `tokcost doctor` explains why."]


def no_usage(where: str, spanned: bool, found_files: int | None, unread: Sequence[tuple[str, str]] = ()) -> list[str]:
    """The text if there are logs (or this was not determined: `None`) and none of their usage is `where` it was
    asked for."""
    span = " in that span of time" if spanned else ""
    if found_files is None:
        return [f"The ledger has no usage {escape(where)}{span}. Without --no-refresh the logs are read first."]
    return [
        f"No usage {escape(where)}{span}; {counted(found_files, 'log file')} read.",
        *seen_but_not_read(unread),
        "`tokcost log --all-repos` shows where there is usage, and `tokcost doctor` what was found for each assistant.",
    ]
