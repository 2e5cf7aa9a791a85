"""Real git repositories in scratch folders, with a clock that tests set."""

import os
import re
import subprocess
from pathlib import Path

from support.templates import write_repository

T0 = 1_790_000_000
"""The first second of every sandbox's clock (UTC)."""
_CONFIGURATION = str(Path(__file__).with_name("gitconfig"))
_COMMIT = re.compile(r"[0-9a-f]{40,64}")


class GitSandbox:
    """A repository and a clock; every git command happens at `now` unless told otherwise."""

    def __init__(self, path: Path, *, init: bool = True) -> None:
        self.path = path
        self.now: int = T0
        if init:
            write_repository(path, initialise)

    @property
    def environ(self) -> dict[str, str]:
        """What git sees: this clock, a fixed person, no configuration of the machine."""
        date = f"{self.now} +0000"
        kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
        return kept | {
            "GIT_AUTHOR_DATE": date,
            "GIT_COMMITTER_DATE": date,
            "GIT_AUTHOR_NAME": "A U Thor",
            "GIT_AUTHOR_EMAIL": "author@example.com",
            "GIT_COMMITTER_NAME": "C O Mitter",
            "GIT_COMMITTER_EMAIL": "committer@example.com",
            "GIT_CONFIG_GLOBAL": _CONFIGURATION,
            "GIT_CONFIG_NOSYSTEM": "1",
            "GIT_EDITOR": "true",
            "GIT_SEQUENCE_EDITOR": "true",
        }

    def git(self, *args: str, cwd: Path | None = None, ok: bool = True, **more: str) -> str:
        """Run git; what it prints. With `ok=False` it may fail."""
        done = subprocess.run(
            ["git", *args], cwd=cwd or self.path, env=self.environ | more, capture_output=True, stdin=subprocess.DEVNULL
        )
        if ok and done.returncode:
            raise AssertionError(f"git {' '.join(args)}: {os.fsdecode(done.stderr)}")
        return os.fsdecode(done.stdout).rstrip("\n")

    def at(self, seconds: int) -> "GitSandbox":
        """Set the clock to so many seconds after T0."""
        self.now = T0 + seconds
        return self

    def commit(self, name: str = "file", text: str | None = None, cwd: Path | None = None) -> str:
        """Commit a change of one file; the new commit's id."""
        path = (cwd or self.path) / name
        path.write_text(text if text is not None else f"{self.now} {os.urandom(4).hex()}\n")
        self.git("add", "-A", cwd=cwd)
        self.git("commit", "-q", "-m", f"change {name}", cwd=cwd)
        return self.head(cwd)

    def head(self, cwd: Path | None = None) -> str:
        """The commit that is checked out; git is asked where its usual files do not say so."""
        folder = (cwd or self.path) / ".git"
        try:
            said = (folder / "HEAD").read_text().strip()
            if said.startswith("ref: "):
                said = (folder / said.removeprefix("ref: ")).read_text().strip()
        except OSError:
            said = ""
        return said if _COMMIT.fullmatch(said) else self.git("rev-parse", "--verify", "HEAD", cwd=cwd)

    def switch(self, *args: str, cwd: Path | None = None) -> None:
        """`git switch`."""
        self.git("switch", "-q", *args, cwd=cwd)


def initialise(path: Path) -> None:
    """Have git make an empty repository."""
    path.mkdir(parents=True, exist_ok=True)
    GitSandbox(path, init=False).git("init", "-q", "-b", "main")
