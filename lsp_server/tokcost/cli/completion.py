"""Completion of branch names in a shell.

Names are inserted into a command line unchanged, so a name with a special meaning for a shell is not offered: other
people choose names of branches.
"""

import os
import re
from pathlib import Path

import click

from tokcost.errors import TokcostError
from tokcost.services.list_branches import branch_names
from tokcost.settings import tokcost_home

_PLAIN = re.compile(r"[\w./@+-]+")


def branches(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """Branches around the current folder that begin as given, including deleted ones with usage."""
    try:
        found = branch_names(tokcost_home(os.environ), Path.cwd())
    except (TokcostError, OSError):
        return []
    return [name for name in found if name.startswith(incomplete) and _PLAIN.fullmatch(name)]
