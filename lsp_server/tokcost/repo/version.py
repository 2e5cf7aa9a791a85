"""The version of the installed git, and its features."""

import os
import re

from tokcost.repo.run import run_git

OLDEST = (2, 26)
"""The first git that shows the scope of a setting (`git config --show-scope`), which installing hooks requires."""
CONFIG_HOOKS = (2, 54)
"""The first git that runs hooks named in its configuration (`hook.<name>.command`, git-hook(1))."""
HOOK_EVENTS_OFF = (2, 55)
"""The first git with settings for a complete event (`hook.<event>.enabled`), which fails at a hook with the name of
an event."""

Version = tuple[int, int]


def git_version(cwd: str | os.PathLike[str]) -> Version:
    """Major and minor version of the git on PATH. Raises `EnvironmentProblem` if there is none."""
    return parse_version(run_git(["version"], cwd))


def parse_version(text: str) -> Version:
    """The version in `git version 2.39.5 (Apple Git-154)` and the like; (0, 0) if it cannot be parsed."""
    found = re.search(r"(\d+)\.(\d+)", text)
    return (int(found[1]), int(found[2])) if found else (0, 0)
