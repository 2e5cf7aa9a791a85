"""The text about what a purge deletes, and what it cannot delete."""

import json
from collections.abc import Sequence
from datetime import datetime

from tokcost.model.money import decimal_string, dollars
from tokcost.model.purge import Purged
from tokcost.reports.text import counted, escape, to_copy


def before_text(before_ms: int | None) -> str:
    """The moment that `--before` was understood as, in this machine's time zone; empty without one."""
    if before_ms is None:
        return ""
    moment = datetime.fromtimestamp(before_ms / 1000).astimezone()
    return f"Usage before {moment:%Y-%m-%d %H:%M:%S %z}:\n"


def found_text(found: Purged) -> str:
    """The text about the size of the usage that would be deleted, and what stays published."""
    text = (
        f"{counted(found.usage, 'response')} (${dollars(found.list_cost)} list, {found.tokens:,} tokens)"
        f" of {counted(found.sessions, 'session')}, held by {counted(found.claims, 'claim')}.\n"
    )
    for path in found.replaced:
        text += f"This includes usage of the repository that was in {escape(path)} before another one took its place.\n"
    for path in found.beside:
        text += (
            f"Not included: usage on this branch of the repository that was in {escape(path)} before another one took"
            f" its place. To include it, add --repository {to_copy(path)}.\n"
        )
    if found.published:
        text += (
            f"Lines of {counted(found.published, 'claim')} stay in commits: they are history, and whoever has the"
            " repository has them.\n"
        )
    if found.closed:
        text += (
            f"{counted(found.closed, 'claim')} also hold other usage: no line of these is written or raised again.\n"
        )
    return text + (
        "The assistants' own logs stay; purged usage is not imported from them again.\n"
        "Backups of the ledger, and damaged ledgers that were kept, are removed.\n"
    )


def done_text(
    found: Purged, is_clean: bool, removed: Sequence[str], problems: Sequence[str], missing: Sequence[str]
) -> str:
    """The text about the deleted usage, and what remains to be done."""
    text = f"Purged {counted(found.usage, 'response')} of {counted(found.sessions, 'session')}.\n"
    if removed:
        text += f"Removed {', '.join(map(escape, removed))}.\n"
    text += "".join(f"{escape(said)}.\n" for said in problems)
    if missing:
        text += (
            f"Not found: {', '.join(map(escape, missing))}. A clone that was moved still remembers its claims: run the"
            " same command inside it.\n"
        )
    if not is_clean:
        text += (
            "Another process is reading the ledger, so its log still holds what was deleted: run the command again.\n"
        )
    return text


def purged_json(
    found: Purged,
    is_done: bool,
    is_clean: bool = True,
    removed: Sequence[str] = (),
    problems: Sequence[str] = (),
    missing: Sequence[str] = (),
) -> str:
    """The stable form of what would be, or was, deleted."""
    shown = {"schema": "tokcost.purge/1", "purged": is_done, "complete": is_done and is_clean and not problems}
    shown |= found._asdict() | {"list_cost": decimal_string(found.list_cost)}
    lists = {"removed": list(removed), "problems": list(problems), "missing": list(missing)}
    return json.dumps(shown | lists, indent=2) + "\n"
