"""Names of branches, which a shell completes behind our commands.

They are put into a command line as they are, so a name that a shell would understand as more than a name is not
offered: others choose names of branches.
"""

import os
import re
from pathlib import Path

import click

from tokcost.errors import TokcostError
from tokcost.services.branch_names import branch_names
from tokcost.settings import tokcost_home

_PLAIN = re.compile(r"[\w./@+-]+")


def branches(ctx: click.Context, param: click.Parameter, incomplete: str) -> list[str]:  # noqa: ARG001
    """Branches around the current folder that begin like this, those with usage that are gone included."""
    try:
        found = branch_names(tokcost_home(os.environ), Path.cwd())
    except (TokcostError, OSError):
        return []
    return [name for name in found if name.startswith(incomplete) and _PLAIN.fullmatch(name)]
