"""commit-msg: an empty message stays empty, so that git makes no commit of it."""

from collections.abc import Mapping
from pathlib import Path

from tokcost.services.clone_state import CloneState
from tokcost.services.committing import check_untouched


def run(home: Path, environ: Mapping[str, str], here: CloneState, arguments: list[str]) -> None:  # noqa: ARG001
    """Called with the message file."""
    check_untouched(here, arguments[0])
