"""The one place that runs programs, and the one way git is run."""

import os
from collections.abc import Sequence

from tokcost.errors import EnvironmentProblem

_KEPT = ("GIT_EXEC_PATH", "GIT_CONFIG_NOSYSTEM", "GIT_CONFIG_GLOBAL", "GIT_CONFIG_SYSTEM", "GIT_CONFIG_COUNT")
_KEPT_NUMBERED = ("GIT_CONFIG_KEY_", "GIT_CONFIG_VALUE_")
"""GIT_ variables that say where git and its configuration are (`safe.directory` of containers comes numbered). All
others (GIT_DIR, GIT_INDEX_FILE, …) are set by git for its hooks and would make a question about one repository an
answer about another."""


class GitFailed(EnvironmentProblem):
    """git ran and refused."""

    def __init__(self, args: Sequence[str], code: int, out: str, err: str) -> None:
        said = (err.strip() or out.strip() or "nothing").splitlines()[-1]
        super().__init__(f"git {' '.join(args)} failed with code {code}: {said}")
        self.code, self.out, self.err = code, out, err


def run_git(
    args: Sequence[str],
    cwd: str | os.PathLike[str],
    *,
    more: dict[str, str] | None = None,
    feed: str = "",
    seconds: float = 60.0,
) -> str:
    """What git prints, undecodable bytes as surrogates. `more` adds environment variables; `feed` is what it reads from
    its standard input.

    Raises `GitFailed` when git refuses, `EnvironmentProblem` when there is no git, or it takes longer than `seconds`.
    """
    import subprocess  # many callers find that they need no git after all

    environ = _clean_environ() | {"LC_ALL": "C", "GIT_OPTIONAL_LOCKS": "0", **(more or {})}
    try:
        done = subprocess.run(
            ["git", *args],
            cwd=cwd,
            env=environ,
            input=os.fsencode(feed),
            capture_output=True,
            timeout=seconds,
            check=False,
        )
    except FileNotFoundError as error:
        if not os.path.isdir(cwd):
            raise EnvironmentProblem(f"the folder {os.fspath(cwd)} does not exist") from error
        raise EnvironmentProblem("git was not found", "Install git and make sure it is on PATH.") from error
    except OSError as error:
        raise EnvironmentProblem(f"git could not be started: {error.strerror or error}") from error
    except subprocess.TimeoutExpired as error:
        raise EnvironmentProblem(f"git {' '.join(args)} did not answer within {seconds:g} seconds") from error
    out, err = (os.fsdecode(stream) for stream in (done.stdout, done.stderr))
    if done.returncode != 0:
        raise GitFailed(args, done.returncode, out, err)
    return out


def _clean_environ() -> dict[str, str]:
    """This process's environment without what git set in it for another repository."""
    return {
        name: value
        for name, value in os.environ.items()
        if not name.startswith("GIT_") or name in _KEPT or name.startswith(_KEPT_NUMBERED)
    }
