"""Keeps what the scenarios leave under HOME, with the truth, for the fast suite (tests/recorded):

    PYTHONPATH=tests .venv/bin/python -m real_assistants.record                   # all
    PYTHONPATH=tests .venv/bin/python -m real_assistants.record codex forks       # by the beginnings of names

Kept are logs and the repository with its reflogs. Long texts are shortened, nothing else is changed: no number, id or
time. Paths of the machine become those of `support/samples.py: ORIGINAL`; where one stays, nothing is written.
"""

import gzip
import io
import json
import re
import shutil
import sqlite3
import sys
import tarfile
import tempfile
from contextlib import closing
from pathlib import Path
from typing import Any, cast

from real_assistants.assistants import ASSISTANTS, PROGRAMS, Assistant, stop_daemons
from real_assistants.lab import Lab, Spent
from real_assistants.mock_models import ModelServer
from real_assistants.scenarios import SCENARIOS, Scenario
from support.samples import ORIGINAL, RECORDED

_LOGS = {
    "claude-code": [".claude/projects/**/*.jsonl"],
    "codex": [".codex/sessions/**/*.jsonl"],
    "gemini-cli": [".gemini/projects.json", ".gemini/tmp/*/.project_root", ".gemini/tmp/*/chats/**/*.json*"],
    "opencode": [".local/share/opencode/opencode.db"],
    "qwen-code": [".qwen/projects/*/chats/*.jsonl"],
    "copilot-cli": [".copilot/session-state/*/events.jsonl", ".copilot/session-store.db"],
    "cline": [".cline/data/sessions/**/*.json"],
}
"""What is kept of a home folder."""
_OF_GIT = ("HEAD", "config", "packed-refs", "logs", "refs", "objects", "worktrees", "rebase-merge")
_TABLES = {"session", "message", "part", "project", "sessions", "assistant_usage_events"}
"""Tables of SQLite stores that are kept."""
_LONGEST = 240
_KEPT = 40
_NAMES_A_MACHINE = re.compile(rb"/(?:tmp|root|work|Users|var|opt)/[\w.-]+")


def record(assistant: Assistant, scenario: Scenario) -> Path | None:
    """Play a scenario and keep it; the file, or `None` where the assistant cannot do that."""
    folder = Path(tempfile.mkdtemp(prefix="lab-")).resolve()
    try:
        lab = Lab(folder, assistant)
        if not scenario.can(lab):
            return None
        with ModelServer(lab.repo, lab.other) as server:
            scenario.play(lab, server)
        stop_daemons(lab.home)
        least = lab.billed(server, scenario.now_called, cut=False)
        truth = {"least": least, "most": lab.billed(server, scenario.now_called)}
        name = f"{assistant.name}-{_version(assistant)}/{scenario.name}"
        return _keep(lab, name, cast("dict[str, Spent]", truth))
    finally:
        shutil.rmtree(folder)


def _version(assistant: Assistant) -> str:
    program = (PROGRAMS / assistant.program).resolve()
    package = next(folder for folder in program.parents if (folder / "package.json").exists())
    return json.loads((package / "package.json").read_text())["version"]


def _keep(lab: Lab, name: str, truth: dict[str, Spent]) -> Path:
    kept = {path: lab.home / path for path in _logs(lab)}
    before, after = str(lab.folder), f"{ORIGINAL}/{name}"
    files = {f"home/{path}": _scrubbed(source, before, after) for path, source in kept.items()}
    trees = [(tree, tree / ".git") for tree in (lab.repo, lab.other) if tree.exists()]
    for tree, git in trees:
        for path in _files_of_git(git):
            files[str(path.relative_to(tree.parent))] = _elsewhere(path.read_bytes(), before, after)
    files["truth.json"] = json.dumps(truth, indent=1, sort_keys=True).encode()
    times = {f"home/{path}": source.stat().st_mtime for path, source in kept.items()}
    packed = io.BytesIO()
    with tarfile.open(fileobj=packed, mode="w", format=tarfile.PAX_FORMAT) as archive:
        for path, content in sorted(files.items()):
            left = _NAMES_A_MACHINE.search(content) if "/objects/" not in path else None
            assert left is None, f"{path} names {left and left[0]}"
            entry = tarfile.TarInfo(_elsewhere(path.encode(), before, after).decode())
            entry.size = len(content)
            entry.mtime = times.get(path) or (lab.folder / path).stat().st_mtime if path != "truth.json" else 0
            archive.addfile(entry, io.BytesIO(content))
    target = RECORDED / f"{name}.tar.gz"
    target.parent.mkdir(parents=True, exist_ok=True)
    target.write_bytes(gzip.compress(packed.getvalue(), mtime=0))
    return target


def _logs(lab: Lab) -> list[str]:
    found = {path for pattern in _LOGS[lab.assistant.name] for path in lab.home.glob(pattern)}
    return sorted(str(path.relative_to(lab.home)) for path in found)


def _files_of_git(git: Path) -> list[Path]:
    if git.is_file():
        return [git]
    below = [path for name in _OF_GIT for path in [git / name, *(git / name).rglob("*")]]
    return [path for path in below if path.is_file() and path.name != "index"]


def _elsewhere(content: bytes, before: str, after: str) -> bytes:
    """Paths as they are, and as names of folders are made of them."""
    content = content.replace(before.encode(), after.encode())
    return content.replace(_as_name(before), _as_name(after))


def _as_name(path: str) -> bytes:
    return re.sub(r"[^A-Za-z0-9]", "-", path).encode()


def _scrubbed(path: Path, before: str, after: str) -> bytes:
    """The content of a log without paths of the machine, and with short texts."""
    if path.suffix == ".db":
        return _small_store(path, before, after)
    content = _elsewhere(path.read_bytes(), before, after)
    if path.suffix == ".jsonl":
        return b"".join(_short_json(line) + b"\n" for line in content.splitlines())
    return _short_json(content) if path.suffix == ".json" else content


def _short_json(raw: bytes | str) -> bytes:
    return json.dumps(_short(json.loads(raw)), separators=(",", ":"), ensure_ascii=False).encode()


def _short(value: Any) -> Any:
    if isinstance(value, dict):
        return {name: _short(one) for name, one in cast("dict[str, Any]", value).items()}
    if isinstance(value, list):
        return [_short(one) for one in cast("list[Any]", value)]
    return f"{value[:_KEPT]}…" if isinstance(value, str) and len(value) > _LONGEST else value


def _small_store(path: Path, before: str, after: str) -> bytes:
    """A copy of a store, its WAL included, without other tables."""
    with tempfile.TemporaryDirectory() as scratch:
        copy = Path(scratch) / "store.db"
        with closing(sqlite3.connect(path)) as source, closing(sqlite3.connect(copy)) as store:
            source.backup(store)
            store.execute("PRAGMA journal_mode = DELETE")
            for kind in ("trigger", "view", "table"):
                for (name,) in store.execute("SELECT name FROM sqlite_schema WHERE type = ?", (kind,)).fetchall():
                    if name not in _TABLES and not name.startswith("sqlite_"):
                        store.execute(f'DROP {kind} IF EXISTS "{name}"')
            for name in _TABLES:
                _scrub_rows(store, name, before, after)
            store.commit()
            store.execute("VACUUM")
        return copy.read_bytes()


def _scrub_rows(store: sqlite3.Connection, table: str, before: str, after: str) -> None:
    for column in [row[1] for row in store.execute(f"PRAGMA table_info({table})")]:
        query = f"SELECT rowid, {column} FROM {table} WHERE typeof({column}) = 'text' AND length({column}) > 8"
        for row, text in store.execute(query).fetchall():
            moved = _elsewhere(text.encode(), before, after).decode()
            short = _short_json(moved).decode() if moved.startswith(("{", "[{")) else _short(moved)
            if short != text:
                store.execute(f"UPDATE {table} SET {column} = ? WHERE rowid = ?", (short, row))


def main() -> int:
    """Records the scenarios that the words name, of the assistants that they name."""
    words = sys.argv[1:]
    for assistant in ASSISTANTS:
        for scenario in SCENARIOS:
            is_meant = all(assistant.name.startswith(word) or scenario.name.startswith(word) for word in words)
            if assistant.is_installed and is_meant and scenario.is_recorded and (kept := record(assistant, scenario)):
                sys.stdout.write(f"{kept.relative_to(RECORDED)}: {kept.stat().st_size} bytes\n")
    return 0


if __name__ == "__main__":
    sys.exit(main())
