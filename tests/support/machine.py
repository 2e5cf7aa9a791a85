"""A machine on which an assistant worked, as tests of the command line need it."""

from pathlib import Path
from typing import Any, NamedTuple


class Machine(NamedTuple):
    """A repository, and the environment in which nothing but the logs below its HOME is found."""

    repo: Path
    environ: dict[str, str]
    truth: dict[str, Any]
    """What was really billed, from the recording server; empty where no assistant worked."""
