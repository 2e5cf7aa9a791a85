"""post-commit: sees which of the proposed lines the commit really carries."""

from collections.abc import Mapping
from pathlib import Path

from tokcost.services.clone_state import CloneState
from tokcost.services.settling import settle


def run(home: Path, environ: Mapping[str, str], here: CloneState, arguments: list[str]) -> None:  # noqa: ARG001
    """Called after the commit was made."""
    settle(home, environ, here)
