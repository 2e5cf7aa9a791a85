"""The runner of the conformance set: makes each case's HOME, runs an adapter in it, and tells right from wrong.

Needs Python 3.11 and git, and nothing else; README.md describes the form of a case and of an adapter.
"""

import argparse
import json
import os
import shlex
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, NamedTuple

HERE = Path(__file__).resolve().parent
CASES = HERE / "cases"
PLACEHOLDER = b"@ROOT@"
SUMS = ("input", "cache_read", "cache_write", "output")
SPLIT = ("cache_write_5m", "cache_write_1h")
USUAL_HISTORY = [
    {"time": "2026-11-10T09:00:00Z", "git": ["init", "-q", "-b", "feat/a"]},
    {"time": "2026-11-10T09:00:00Z", "git": ["commit", "-q", "--allow-empty", "-m", "begin"]},
]

Tokens = dict[str, int]


class Place(NamedTuple):
    """A case, made ready."""

    home: Path
    """HOME, with what the assistant left."""
    repo: Path
    """The repository in which the assistant worked."""


class Verdict(NamedTuple):
    """The comparison of one tool's figures with one answer. An empty text is right, `None` is not told by the tool."""

    total: str
    models: str | None
    branches: str | None


def case_names() -> list[str]:
    """All cases, by their folders."""
    return sorted(path.parent.name for path in CASES.glob("*/case.json"))


def load(name: str) -> dict[str, Any]:
    """What `case.json` says."""
    return json.loads((CASES / name / "case.json").read_text(encoding="utf-8"))


def prepare(name: str, root: Path) -> Place:
    """Make HOME and repository of a case below `root`, a folder that is there and empty."""
    place = Place(root / "home", root / "repo")
    place.repo.mkdir()
    for step in load(name).get("git", USUAL_HISTORY):
        _git(step, root)
    shutil.copytree(CASES / name / "home", place.home)
    for path in sorted(place.home.rglob("*")):
        if path.is_file():
            path.write_bytes(path.read_bytes().replace(PLACEHOLDER, os.fsencode(root)))
            if path.suffix == ".sql":
                _make_store(path)
    return place


def _git(step: dict[str, Any], root: Path) -> None:
    """One step of a history, at its time and in its folder."""
    who = {f"GIT_{role}_{what}": value for role in ("AUTHOR", "COMMITTER") for what, value in _identity(step).items()}
    environ = {
        "PATH": os.environ["PATH"],
        "HOME": str(root),
        "GIT_CONFIG_NOSYSTEM": "1",
        "GIT_CONFIG_GLOBAL": os.devnull,
        **who,
    }
    folder = root / step.get("folder", "repo")
    arguments = [one.replace("@ROOT@", str(root)) for one in step["git"]]
    subprocess.run(["git", *arguments], cwd=folder, env=environ, check=True, capture_output=True)


def _identity(step: dict[str, Any]) -> dict[str, str]:
    return {"NAME": "A", "EMAIL": "a@example.com", "DATE": step["time"]}


def _make_store(path: Path) -> None:
    """The SQLite store that the text beside it describes."""
    with closing(sqlite3.connect(path.with_suffix(""))) as store:
        store.executescript(path.read_text(encoding="utf-8"))
        store.commit()
    path.unlink()


def compare(answer: dict[str, Any], said: dict[str, Any]) -> Verdict:
    """What is wrong with a tool's figures."""
    at_most = answer.get("at_most", {})
    models = _parts(answer["models"], said["models"], at_most) if said.get("models") is not None else None
    branches = None
    if "branches" in answer and said.get("branches") is not None:
        branches = _parts(answer["branches"], said["branches"], at_most)
    return Verdict(_difference(answer["tokens"], said["tokens"], at_most), models, branches)


def _parts(answer: dict[str, Tokens], said: dict[str, Tokens], at_most: Tokens) -> str:
    found = {name: tokens for name, tokens in said.items() if any(tokens.values())}
    names = sorted({*answer, *found})
    wrong = {name: _difference(answer.get(name, {}), found.get(name, {}), at_most) for name in names}
    return "; ".join(f"{name}: {text}" for name, text in wrong.items() if text)


def _difference(answer: Tokens, said: Tokens, at_most: Tokens) -> str:
    """The classes that differ, each by how much. The two kinds of cache writes are compared where a tool tells them."""
    wanted, found = _summed(answer), _summed(said)
    classes = [*SUMS, *(one for one in SPLIT if one in said)]
    differences = {one: found.get(one, 0) - wanted.get(one, 0) for one in classes}
    return ", ".join(
        f"{one} {more:+d}"
        for one, more in differences.items()
        if more and not 0 < more <= at_most.get(one, 0) - wanted.get(one, 0)
    )


def _summed(tokens: Tokens) -> Tokens:
    """Counts with the sum of all cache writes."""
    return {"cache_write": sum(tokens.get(one, 0) for one in SPLIT), **tokens}


def run_adapter(command: Sequence[str], place: Place, data: Path) -> dict[str, Any]:
    """The figures that an adapter prints. It sees nothing but HOME, PATH, and `DATA`, an empty folder of its own."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(place.home), "DATA": str(data), "TZ": "UTC", "LANG": "C.UTF-8"}
    done = subprocess.run(command, cwd=place.repo, env=environ, capture_output=True, text=True, timeout=120)
    if done.returncode:
        raise SystemExit(f"{shlex.join(command)} failed:\n{done.stderr}")
    return json.loads(done.stdout)


def judge(name: str, command: Sequence[str]) -> Verdict:
    """The verdict on one case."""
    with tempfile.TemporaryDirectory() as scratch:
        root = Path(scratch).resolve() / "case"
        data = root.with_name("data")
        root.mkdir()
        data.mkdir()
        return compare(load(name)["answer"], run_adapter(command, prepare(name, root), data))


def _mark(text: str | None) -> str:
    return "-" if text is None else "wrong" if text else "right"


def show(verdicts: dict[str, Verdict]) -> str:
    """A table: a line for each case, and one for the sums."""
    width = max(map(len, verdicts))
    lines = [f"{'case':{width}}  total  models  branches  difference"]
    for name, verdict in verdicts.items():
        marks = f"{_mark(verdict.total):5}  {_mark(verdict.models):6}  {_mark(verdict.branches):8}"
        lines.append(f"{name:{width}}  {marks}  {verdict.total or verdict.models or verdict.branches or ''}".rstrip())
    counts = {
        field: [_mark(getattr(one, field)) for one in verdicts.values()] for field in ("total", "models", "branches")
    }
    for field, marks in counts.items():
        told = len(marks) - marks.count("-")
        lines.append(f"{field}: {marks.count('right')} of {told} right")
    return "\n".join(lines)


def main() -> int:
    """Answers 1 when anything is wrong."""
    parser = argparse.ArgumentParser(description="Run a tool on the conformance set.")
    parser.add_argument("--tool", default="tokcost", help="an adapter in adapters/ (default: tokcost)")
    parser.add_argument("--command", default="", help="the tool's own command, such as 'npx ccusage'")
    parser.add_argument("--adapter", help="another program that prints figures, instead of one in adapters/")
    parser.add_argument("--json", action="store_true", help="print the verdicts as JSON")
    parser.add_argument("cases", nargs="*", help="names of cases (default: all)")
    given = parser.parse_args()
    adapter = shlex.split(given.adapter) if given.adapter else [sys.executable, str(HERE / f"adapters/{given.tool}.py")]
    command = [*adapter, *shlex.split(given.command)]
    verdicts = {name: judge(name, command) for name in given.cases or case_names()}
    if given.json:
        print(json.dumps({name: verdict._asdict() for name, verdict in verdicts.items()}, indent=1))
    else:
        print(show(verdicts))
    return int(any(text for verdict in verdicts.values() for text in verdict))


if __name__ == "__main__":
    sys.exit(main())
