"""An assistant of another package, whose logs say of each reply whether a provider told its counts, and its reader,
which the hooks of a repository and this process use like any other."""

import json
import os
import shlex
import sys
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from support.hooked import Hooked
from tokcost.readers import registry
from tokcost_hooks import HOOKS

TOKENS = 1_000_000
"""Tokens of one reply; at list price they cost $5."""
COST = 5_000_000_000
"""The same in nano-dollars."""

_READER = """
import os

from tokcost.model.usage import Tokens, Usage
from tokcost.readers.environment import user_home
from tokcost.readers.protocol import Capabilities, Location
from tokcost.readers.sources.jsonl import JsonlReader


class GuesserReader(JsonlReader):
    name = "guesser"
    capabilities = Capabilities(versions="1", classes=("input", "output"), folder="each response")
    words = (b'"reply"',)

    def locations(self, environ):
        return [Location(os.path.join(user_home(environ), ".guesser"))]

    def usage(self, record, session):
        tokens = Tokens(input=record["input"], output=record.get("output", 0))
        return Usage(
            assistant=self.name,
            key=record["reply"],
            time_ms=record["time"],
            model=record["model"],
            tokens=tokens,
            session="s",
            cwd=record["cwd"],
            estimated=record["estimated"],
        )
"""


class Guesser:
    """The assistant, at work in a repository."""

    def __init__(self, repo: Hooked) -> None:
        self._repo = repo
        self._count = 0
        self.log = repo.home / ".guesser" / "log.jsonl"

    def guess(self, tokens: int = TOKENS, **more: str) -> int:
        """One reply whose counts nobody told; its number."""
        return self.reply(tokens, estimated=True, number=0, **more)

    def reply(self, tokens: int = TOKENS, *, estimated: bool = False, number: int = 0, **more: str) -> int:
        """One reply, now, in the repository; with the `number` of an earlier one another record of that."""
        self._count += not number
        number = number or self._count
        record = {
            "reply": f"r{number}",
            "time": (self._repo.now - (number != self._count)) * 1000 + 500,
            "model": "claude-opus-4-5",
            "input": tokens,
            "cwd": str(self._repo.path),
            "estimated": estimated,
        }
        self.log.parent.mkdir(parents=True, exist_ok=True)
        with self.log.open("a") as log:
            log.write(json.dumps(record | more) + "\n")
        self._repo.now += 1
        return number


@contextmanager
def installed(folder: Path, repo: Hooked) -> Generator[Guesser]:
    """The assistant's package, beside tokcost in this process and in the repository's hooks."""
    packages = folder / "site-packages"
    packages.mkdir()
    (packages / "guesser_reader.py").write_text(_READER)
    about = packages / "guesser-1.dist-info"
    about.mkdir()
    (about / "entry_points.txt").write_text("[tokcost.readers]\nguesser = guesser_reader:GuesserReader\n")
    for hook in HOOKS:
        path = repo.common_dir / "hooks" / hook
        if path.exists():
            path.write_text(path.read_text().replace("TOKCOST_PATH=", f"TOKCOST_PATH={shlex.quote(str(packages))}:"))
    sys.path.insert(0, os.fspath(packages))
    registry.forget()
    try:
        yield Guesser(repo)
    finally:
        sys.path.remove(os.fspath(packages))
        sys.modules.pop("guesser_reader", None)
        registry.forget()
