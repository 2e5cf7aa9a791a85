"""Our own modules as syntax trees, each parsed once for all rules of the house."""

import ast
from functools import cache
from pathlib import Path


@cache
def parsed(path: Path) -> ast.Module:
    """The syntax tree of a file; to be left as it is."""
    return ast.parse(path.read_text(encoding="utf-8"))
