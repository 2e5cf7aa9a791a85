"""The text of `tokcost log` when there is nothing to show: the reason, and what to do."""

from tokcost.reports.text import counted, escape

_MOST_FOLDERS = 12


def no_logs(looked_in: list[str]) -> list[str]:
    """No assistant has left a log on this machine."""
    more = [f"  and {len(looked_in) - _MOST_FOLDERS} more"] if len(looked_in) > _MOST_FOLDERS else []
    folders = [f"  {escape(folder)}" for folder in looked_in[:_MOST_FOLDERS]]
    return [
        "No logs of AI assistants were found on this machine. Looked in:",
        *folders,
        *more,
        "If yours keeps its logs elsewhere, set the variable that it honours itself (CLAUDE_CONFIG_DIR, CODEX_HOME) "
        "and run `tokcost log` again. `tokcost demo` shows what you would see.",
    ]


def no_usage(where: str, spanned: bool, found_files: int | None) -> list[str]:
    """There are logs (or nobody looked: `None`), and none of their usage is `where` it was asked for."""
    span = " in that span of time" if spanned else ""
    if found_files is None:
        return [f"The ledger holds no usage {escape(where)}{span}. Without --no-refresh the logs are read first."]
    return [
        f"No usage {escape(where)}{span}; {counted(found_files, 'log file')} read.",
        "`tokcost log --all-repos` shows where there is some, `tokcost doctor` what was found for each assistant.",
    ]
