"""post-rewrite: what is bound to commits on this machine follows them through a rebase."""

import sys
from collections.abc import Mapping
from pathlib import Path

from tokcost.services.clone_state import CloneState
from tokcost.services.settling import follow_rebase


def run(home: Path, environ: Mapping[str, str], here: CloneState, arguments: list[str]) -> None:  # noqa: ARG001
    """Called with lines of old and new commit on standard input (githooks(5))."""
    words = [line.split() for line in sys.stdin]
    follow_rebase(home, here.worktree, [(line[0], line[1]) for line in words if len(line) >= 2])
