"""post-merge: sees which of the proposed lines the commit really carries."""

from collections.abc import Mapping
from pathlib import Path

from tokcost.services.clone_state import CloneState
from tokcost.services.settling import settle_merge


def run(home: Path, environ: Mapping[str, str], here: CloneState, arguments: list[str]) -> None:
    """Called after the merge with 1 where it was a squash, which makes no commit (githooks(5))."""
    settle_merge(home, environ, here, squashed=arguments[:1] == ["1"])
