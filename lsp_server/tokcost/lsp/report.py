"""The output of `tokcost log` as a text file beside the ledger that an editor can open."""

import hashlib
import os
import time
from datetime import date
from pathlib import Path

from tokcost.files.private import private_folder, write_whole
from tokcost.reports.rows import View
from tokcost.reports.table import branch_lines, log_lines
from tokcost.services.summarise import LogOptions, summarise
from tokcost.settings import REPORTS_FOLDER


def render(home: Path, folder: str, branch: str | None) -> str:
    """The tables of a repository, or of one branch, from the ledger as it is."""
    now = time.time()
    today = date.fromtimestamp(now)  # noqa: DTZ012 (of some offsets Python makes no zone)
    view = View(int(now * 1000), today, decorated=True)
    found = summarise(home, Path(folder), LogOptions(branch=branch, lists_commits=True))
    row = next((row for row in found[0].branches if row.branch == branch), None) if branch else None
    lines = branch_lines(row, found[0], None, view) if row else log_lines(found, None, view)
    return "".join("".join(piece.text for piece in line).rstrip() + "\n" for line in lines)


def save(home: Path, root: str, text: str) -> str:
    """Write a repository's report where only its owner can read it; returns its URI. Each repository has one file,
    which is replaced."""
    folder = home / REPORTS_FOLDER
    private_folder(str(home))
    private_folder(str(folder))
    name = f"{os.path.basename(root) or 'repository'}-{hashlib.sha256(os.fsencode(root)).hexdigest()[:8]}.txt"
    path = folder / name
    write_whole(str(path), text.encode("utf-8", "replace"))
    return path.as_uri()
