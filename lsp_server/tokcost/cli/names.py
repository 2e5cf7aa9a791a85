"""Typed names of branches, sessions and assistants.

A shell passes any bytes. The ledger has text, in which bytes that are no UTF-8 are escaped (`caf\\xe9`), as on all our
screens: a name is found in both notations.
"""

import os
from typing import Any

import click

from tokcost.errors import require_name


class Name(click.ParamType):  # pyright: ignore[reportMissingTypeArgument]
    """A name in the ledger's form."""

    name = "text"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> Any:  # noqa: ARG002
        """Escape the bytes that are not UTF-8. Raises `UsageError` for a name without characters."""
        if not isinstance(value, str):
            return value
        what = param.human_readable_name if isinstance(param, click.Argument) else param.opts[0] if param else ""
        require_name(what, value)
        return os.fsencode(value).decode("utf-8", "backslashreplace")


NAME = Name()
