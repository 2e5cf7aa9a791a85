"""Repositories of an organisation, made by git-fast-import: who committed what when, with which cost line."""

import os
import subprocess
from calendar import timegm
from collections.abc import Iterable, Sequence
from hashlib import blake2b
from pathlib import Path
from time import strptime
from typing import NamedTuple

from tokcost.model.trailer import ID_ALPHABET, Line, format_line

USD = 10**9
MODEL = "claude-opus-4-5"


class Work(NamedTuple):
    """One commit on the default branch."""

    who: str
    day: str
    """As 2026-09-05."""
    area: str
    dollars: int | None = None
    """`None`: the line has no price."""
    id: str = ""
    model: str = MODEL
    version: int = 1
    tokens: int = 1_000_000
    more: str = ""
    """Further files, each in a line of its own."""

    @property
    def line(self) -> Line:
        """The cost line that the commit carries."""
        cost = None if self.dollars is None else self.dollars * USD
        return Line(self.id, self.version, cost, cost is None, self.tokens, (self.model,))


def claim_id(*parts: object) -> str:
    """An id of ours that belongs to these."""
    number = int.from_bytes(blake2b(repr(parts).encode(), digest_size=8).digest(), "big")
    return "".join(ID_ALPHABET[(number >> (5 * at)) % 32] for at in range(12))


def team(
    people: Iterable[str], day: str, area: str, dollars: int = 2, model: str = MODEL, name: str = ""
) -> list[Work]:
    """A commit of each of these people."""
    return [Work(who, day, area, dollars, claim_id(name, who, day, area, model), model) for who in people]


def make_repository(folder: Path, works: Sequence[Work], address: str = "") -> Path:
    """A bare repository with these commits, one after the other, in the order of their days."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input=imported(works), check=True)
    if address:
        subprocess.run(["git", "remote", "add", "origin", address], cwd=folder, check=True)
    return folder


def imported(works: Sequence[Work], branch: str = "main") -> bytes:
    """The same commits as git-fast-import reads them."""
    parts: list[bytes] = []
    for number, work in enumerate(sorted(works, key=lambda one: one.day)):
        seconds = timegm(strptime(work.day, "%Y-%m-%d")) + 36_000 + number
        person = f"{work.who} <{work.who}@x.org> {seconds} +0000"
        message = f"Change {number}\n".encode()
        message += os.fsencode(f"\n{format_line(work.line)}\n") if work.id else b""
        parts.append(f"commit refs/heads/{branch}\nauthor {person}\ncommitter {person}\n".encode())
        parts.append(f"data {len(message)}\n".encode() + message)
        for path in (f"{work.area}/f{number}", *work.more.split()):
            content = f"{number}\n".encode()
            parts.append(os.fsencode(f"M 100644 inline {path}\ndata {len(content)}\n") + content)
    return b"".join(parts)


def environ_of(home: Path) -> dict[str, str]:
    """The environment of a job whose caches are in a folder."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GIT_")}
    return kept | {"TOKCOST_HOME": str(home), "GIT_CONFIG_GLOBAL": os.devnull, "GIT_CONFIG_NOSYSTEM": "1"}
