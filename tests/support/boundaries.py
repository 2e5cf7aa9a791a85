"""Faults at the boundary between our processes and the file system: each call that reads or changes a file is one
moment, at which a process is killed or the call fails.

`boundaries.c` is compiled where the tests run and loaded into processes with LD_PRELOAD. It needs Linux and a compiler.
"""

import errno
import itertools
import os
import re
import shutil
import struct
import subprocess
import sys
from collections.abc import Generator
from contextlib import contextmanager
from functools import cache
from pathlib import Path
from random import Random
from typing import NamedTuple

WRITE, SYNC, NAME, MAKE, CUT, READ, MODE = 1, 2, 4, 8, 16, 32, 64
"""Kinds of calls: write; sync; rename, link and remove; create; truncate; open and read; change the mode."""
CHANGES = WRITE | SYNC | NAME | MAKE | CUT | MODE
_PLAN = struct.Struct("7q")
_SOURCE = Path(__file__).with_name("boundaries.c")
_COMPILER = shutil.which("cc") or shutil.which("gcc") or shutil.which("clang")
CAN_FAIL = sys.platform == "linux" and _COMPILER is not None
"""Whether this machine can inject faults."""
_RANDOM = re.compile(r"[0-9a-f]{8,}|\d+")

SEED = int(os.environ.get("TOKCOST_SEED", "0"))
"""Chooses which of the moments are tried."""


class Fault(NamedTuple):
    """What happens to a call."""

    name: str
    error: int
    """The errno; 0 kills the process before the call, -1 after half of a write."""
    kinds: int
    onwards: bool = False
    """Whether all later calls fail too, as they do on a full disk."""


KILL = Fault("kill -9", 0, CHANGES)
TORN = Fault("kill -9 in the middle of a write", -1, WRITE)
FULL = Fault("no space left from here on", errno.ENOSPC, WRITE | MAKE | CUT, onwards=True)
READ_ONLY = Fault("read-only from here on", errno.EROFS, NAME | MAKE | CUT | MODE | WRITE, onwards=True)
BROKEN = Fault("one I/O error", errno.EIO, CHANGES)
BROKEN_DISK = Fault("I/O errors from here on", errno.EIO, CHANGES | READ, onwards=True)
UNREADABLE = Fault("one I/O error while reading", errno.EIO, READ)
FAULTS = (KILL, TORN, FULL, READ_ONLY, BROKEN, BROKEN_DISK, UNREADABLE)


class Moment(NamedTuple):
    """One call of a run without a fault."""

    number: int
    call: str
    path: str

    @property
    def kind(self) -> tuple[str, str]:
        """What it has in common with others: names that are made by chance, and numbers, left out."""
        return self.call, _RANDOM.sub("*", self.path)


@cache
def _library(folder: Path) -> Path:
    made = folder / "boundaries.so"
    assert _COMPILER is not None
    subprocess.run([_COMPILER, "-shared", "-fPIC", "-O1", "-Wall", "-Werror", "-o", made, _SOURCE, "-ldl"], check=True)
    return made


class Boundaries:
    """The calls of processes below one folder, and the next fault among them."""

    def __init__(self, scratch: Path, folder: Path) -> None:
        """`scratch` is for files of this class and outside of `folder`."""
        self._plan, self._list = scratch / "plan", scratch / "moments"
        self._folder = f"{folder.resolve()}/"
        self._set(0, KILL)
        self._list.write_bytes(b"")
        self._library = _library(scratch)

    @property
    def environ(self) -> dict[str, str]:
        """The variables with which a process is watched."""
        given = {"FAULT_PLAN": str(self._plan), "FAULT_FOLDER": self._folder, "FAULT_LIST": str(self._list)}
        return {"LD_PRELOAD": str(self._library), "PYTHONDONTWRITEBYTECODE": "1"} | given

    @contextmanager
    def watched(self, fault: Fault) -> Generator[list[Moment]]:
        """Within this, calls are listed that the fault could meet, and none fails. The list is full afterwards."""
        moments: list[Moment] = []
        self._list.write_bytes(b"")
        self._set(0, fault)
        yield moments
        self._set(0, KILL)
        lines = self._list.read_bytes().decode(errors="replace").split("\n")
        fields = (line.split(" ", 2) for line in lines if line)
        moments += [Moment(int(number), call, path) for number, call, path in fields]

    def arm(self, number: int, fault: Fault) -> None:
        """Have the call of that number fail, counted from now on."""
        self._set(number, fault)

    def disarm(self) -> int:
        """Let everything pass; how many calls failed since it was armed."""
        happened = _PLAN.unpack(self._plan.read_bytes())[5]
        self._set(0, KILL)
        return happened

    def set_clock(self, ahead: int) -> None:
        """Have the clock of watched processes be so many seconds ahead; no call fails."""
        self._set(0, KILL, ahead)

    def _set(self, number: int, fault: Fault, ahead: int = 0) -> None:
        self._plan.touch()
        with self._plan.open("r+b") as stream:  # the same file: processes have mapped it
            stream.write(_PLAN.pack(0, number, fault.error, fault.onwards, fault.kinds, 0, ahead))


def chosen(moments: list[Moment], most: int, key: str) -> list[Moment]:
    """So many of the moments, of as many kinds as possible; all of them where TOKCOST_FAULTS is `all`."""
    said = os.environ.get("TOKCOST_FAULTS", "")
    if said == "all":
        return moments
    most = int(said or most)
    chance = Random(f"{SEED} {key}")
    kinds: dict[tuple[str, str], list[Moment]] = {}
    for moment in moments:
        kinds.setdefault(moment.kind, []).append(moment)
    groups = [chance.sample(group, len(group)) for group in kinds.values()]
    chance.shuffle(groups)
    rounds = itertools.zip_longest(*groups)
    found = [moment for one in rounds for moment in one if moment is not None]
    return sorted(found[:most])


def record_figures(story: str, fault: str, **figures: int) -> None:
    """Append a line to the file that TOKCOST_FIGURES names."""
    if path := os.environ.get("TOKCOST_FIGURES"):
        with open(path, "a", encoding="utf-8") as stream:
            said = (f"{name} {number}" for name, number in figures.items())
            stream.write("\t".join((story, fault, *said)) + "\n")


def python_of_tests() -> list[str]:
    """The start of a command of ours in a process of its own."""
    return [sys.executable, "-P", "-c", "from tokcost.cli.start import main; main()"]
