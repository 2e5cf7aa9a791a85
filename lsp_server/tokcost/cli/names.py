"""Names that are typed: a branch, a session, an assistant.

A shell hands over whatever bytes they have. The ledger has text, in which bytes that are no UTF-8 are written out
(`caf\\xe9`), as all our screens show them: both ways to type such a name find it.
"""

import os
from typing import Any

import click


class Name(click.ParamType):  # pyright: ignore[reportMissingTypeArgument]
    """A name as the ledger has it."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002
        """Write out the bytes that are no UTF-8."""
        return os.fsencode(value).decode("utf-8", "backslashreplace") if isinstance(value, str) else value


NAME = Name()
