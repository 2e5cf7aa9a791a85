"""`tokcost demo`: what it looks like, in a scratch repository."""

import os
import tempfile
from datetime import UTC, datetime
from pathlib import Path

import click

from tokcost.cli import screen
from tokcost.cli.commands.log import Output, show_log
from tokcost.demo.build import build, remove
from tokcost.errors import UsageError
from tokcost.services.summary import LogOptions


@click.command()
@click.option("--keep", metavar="DIR", type=click.Path(path_type=Path), help="Build it in DIR and leave it there.")
def command(keep: Path | None) -> int:
    """Show `tokcost log` in a scratch repository, with logs that Claude Code and Codex CLI really wrote.

    Touches neither your repositories nor your ledger.

    \b
    Examples:
      tokcost demo
      tokcost demo --keep /tmp/shop-demo
    """
    if keep is not None and keep.exists() and any(keep.iterdir()):
        raise UsageError(f"{keep} is not empty", "Name a folder that is empty or not there yet.")
    folder = keep.absolute() if keep is not None else Path(tempfile.mkdtemp(prefix="tokcost-demo-"))
    before = Path.cwd()
    try:
        demo = build(folder, datetime.now(UTC))
        os.chdir(demo.repository)
        screen.show("$ tokcost log\n")
        code = show_log(LogOptions(), Output(pager=False), {**_look(), **demo.environ})
    finally:
        os.chdir(before)
        if keep is None:
            remove(folder)
    if keep is not None:
        where = " ".join(f"{name}={value}" for name, value in demo.environ.items())
        screen.show(f"\nLook further:  cd {demo.repository} && {where} tokcost log feat/login\n")
    else:
        screen.show("\nGo into a repository of your own and run `tokcost log`; nothing needs to be set up.\n")
    return code


def _look() -> dict[str, str]:
    """What says how text is shown; nothing that says where logs are."""
    names = ("PATH", "TERM", "NO_COLOR", "COLUMNS", "LANG", "LC_ALL", "TZ")
    return {name: os.environ[name] for name in names if name in os.environ}
