"""`tokcost lsp`: the language server for editors."""

import os

import click

from tokcost.services.work_for_others import forget_caller
from tokcost.settings import tokcost_home


@click.command(short_help="Serve an editor over standard input and output.")
@click.option("--stdio", is_flag=True, help="Use standard input and output, which is always the case.")
def command(stdio: bool) -> None:  # noqa: ARG001 (editors add it to every server)
    """Serve an editor over standard input and output: figures in its status bar and commit messages.

    Editors start it; docs/editors.md has the configuration of each.

    \b
    Example:
      tokcost lsp
    """
    from tokcost.lsp.server import run  # importing pygls alone takes as long as a complete `tokcost log`

    # The editor may have been started by `git commit`, with variables that name one repository.
    forget_caller(os.environ)
    run(tokcost_home(os.environ), os.environ)
