"""A folder with everything that a story needs, put back to its beginning before each fault."""

import os
import shutil
import subprocess
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any, NamedTuple

from support.boundaries import Boundaries, Fault, Moment, chosen, record_figures
from support.hooked import Hooked
from tokcost.model.trailer import Line

Done = subprocess.CompletedProcess[str]
ENDED_BY_US = (-9, 137)
UNFINISHED = ".tokcost-new"
MOST_SECONDS = 300.0
"""A process that takes longer hangs; the machine may be busy."""


class Story(NamedTuple):
    """Something that is done to a world, and what must hold whatever happened meanwhile."""

    build: Callable[[Path], Hooked]
    act: Callable[[Hooked, Mapping[str, str]], Done]
    """Do it, in processes with this environment."""
    outcome: Callable[[Hooked], Any]
    """What there is once it was done again without a fault; the same as when there never was one."""
    at_once: Callable[[Hooked, Done], None] = lambda repo, done: None
    """What must hold right after the fault, before anything is done again."""


class World:
    """One story, told again and again."""

    def __init__(self, scratch: Path, name: str, story: Story) -> None:
        self.name = name
        self._folder, self._kept = scratch / "world", scratch / "kept"
        self._story = story
        self._folder.mkdir()
        self.repo = story.build(self._folder)
        self._now = self.repo.now
        self._agreed = bool(self.repo.git("config", "--local", "tokcost.enabled", ok=False))
        shutil.copytree(self._folder, self._kept, symlinks=True)
        (scratch / "control").mkdir()
        self.boundaries = Boundaries(scratch / "control", self._folder)
        self.renew()
        for _ in range(2):
            done = self.act(self.boundaries.environ)
            story.at_once(self.repo, done)
        self.expected = story.outcome(self.repo)

    def renew(self) -> None:
        """Begin again."""
        shutil.rmtree(self._folder)
        shutil.copytree(self._kept, self._folder, symlinks=True)
        self.repo.now = self._now
        if self._agreed:  # consent is given to a clone, and this is a copy of it
            self.repo.agree()

    def act(self, environ: Mapping[str, str]) -> Done:
        """Do what the story is about."""
        return self._story.act(self.repo, self.repo.environ | dict(environ))

    def moments(self, fault: Fault) -> list[Moment]:
        """The calls that the fault could meet."""
        self.renew()
        with self.boundaries.watched(fault) as moments:
            self.act(self.boundaries.environ)
        return moments

    def try_one(self, moment: Moment, fault: Fault) -> int:
        """Meet a fault, then do the same again without one; how many calls failed."""
        self.renew()
        self.boundaries.arm(moment.number, fault)
        done = self.act(self.boundaries.environ)
        happened = self.boundaries.disarm()
        assert "Traceback" not in done.stderr, done.stderr
        assert "this is a bug" not in done.stderr, done.stderr
        self._story.at_once(self.repo, done)
        for path in self._folder.rglob(f"*{UNFINISHED}"):  # whoever left it was killed long ago
            os.utime(path, (0, 0))
        self.act({})
        found = self._story.outcome(self.repo)
        assert found == self.expected, f"{list(differences(found, self.expected))} after {done.stderr}"
        return happened

    def try_all(self, fault: Fault, most: int) -> None:
        """Try the fault at moments of as many kinds as possible, at most so many of them."""
        problems: list[str] = []
        figures = Counter[str]()
        moments = self.moments(fault)
        for moment in chosen(moments, most, f"{self.name} {fault.name}"):
            try:
                figures["met" if self.try_one(moment, fault) else "not met"] += 1
            except AssertionError as problem:
                problems.append(f"{moment}: {problem}")
        record_figures(self.name, fault.name, moments=len(moments), **figures, failed=len(problems))
        assert not problems, "\n\n".join(problems)


def differences(found: Any, expected: Any, path: str = "") -> Iterator[str]:
    """Each place in two values where they differ, and how."""
    if isinstance(found, dict) and isinstance(expected, dict):
        for name in {**found, **expected}:
            yield from differences(found.get(name), expected.get(name), f"{path}.{name}")
    elif isinstance(found, list | tuple) and isinstance(expected, list | tuple) and len(found) == len(expected):
        for number, (one, other) in enumerate(zip(found, expected, strict=True)):
            yield from differences(one, other, f"{path}[{number}]")
    elif found != expected:
        yield f"{path}: {str(found)[:300]} is not {str(expected)[:300]}"


def run(words: list[str], repo: Hooked, environ: Mapping[str, str]) -> Done:
    """A program in the repository, to its end."""
    return subprocess.run(
        words, cwd=repo.path, env=environ, capture_output=True, text=True, errors="replace",
        stdin=subprocess.DEVNULL, timeout=MOST_SECONDS, check=False,
    )  # fmt: skip


def published_once(repo: Hooked) -> Mapping[str, Line]:
    """Every claim of any branch; no commit has an id that another one has as well."""
    commits = repo.git("rev-list", "--all").split()
    seen = Counter(line.id for commit in commits for line in {one.id: one for one in repo.lines(commit)}.values())
    assert not [one for one, times in seen.items() if times > 1], seen
    return repo.published()


def files_in(folder: Path) -> dict[str, bytes]:
    """All files below a folder, and what links say."""
    found = [path for path in sorted(folder.rglob("*")) if path.is_symlink() or path.is_file()]
    return {
        str(path.relative_to(folder)): os.fsencode(os.readlink(path)) if path.is_symlink() else path.read_bytes()
        for path in found
    }


def unfinished(*folders: Path) -> list[str]:
    """Files that a killed process left half-written."""
    return [path.name for folder in folders for path in folder.rglob("*") if path.name.endswith(UNFINISHED)]
