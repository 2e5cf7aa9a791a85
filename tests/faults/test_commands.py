"""Commands that are killed, or whose calls fail, at each moment: the same command again does all of it, once."""

import json
import os
import shutil
import sqlite3
import sys
from collections.abc import Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from faults.world import Done, Story, World, files_in, run, unfinished
from support import damages
from support.boundaries import CAN_FAIL, FAULTS, Fault, python_of_tests
from support.claude_lines import write
from support.codex_lines import count, counters, meta, turn
from support.hooked import FOREIGN, Hooked
from support.opencode_store import StoreOf, message
from tokcost.ledger.open import FILE_NAME, UPGRADED

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CAN_FAIL, reason="faults are injected on Linux, with cc")]
OLD = Path(__file__).parent.parent / "ledger/old"
SETTINGS = '{\n    "model": "opus"\n}\n'


def tokcost(repo: Hooked, environ: Mapping[str, str], *words: str) -> Done:
    return run([*python_of_tests(), *words], repo, environ)


def logged(repo: Hooked) -> Any:
    """All that `tokcost log` says, twice."""
    found = [json.loads(repo.tokcost("log", "--json").stdout) for _ in range(2)]
    assert found[0] == found[1]
    conservation = found[0]["conservation"]
    total = conservation.pop("total")
    assert total["tokens"] == sum(part["tokens"] for part in conservation.values())
    said = repo.tokcost("log", "--json").stderr
    assert "damaged" not in said, said
    return found[0]


def rows(repo: Hooked) -> Any:
    """The usage in the ledger, and that SQLite finds nothing wrong with it."""
    with closing(sqlite3.connect(repo.ledger_home / FILE_NAME)) as db:
        assert db.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert db.execute("PRAGMA foreign_key_check").fetchall() == []
        schema = db.execute("SELECT sql FROM sqlite_schema ORDER BY name").fetchall()
        count_and_sum = db.execute("SELECT count(*), sum(tokens), sum(list_cost) FROM usage").fetchone()
    return schema, count_and_sum


def assistants_at_work(folder: Path) -> Hooked:
    """Logs of three assistants, of each kind of source; there is no ledger."""
    repo = Hooked(folder, rooted=True)
    for _ in range(12):
        repo.spend()
    rollout = repo.home / ".codex/sessions/2026/09/21/rollout-2026-09-21T00-00-00-x.jsonl"
    records = [meta(cwd=str(repo.path)), turn(cwd=str(repo.path)), count(counters(500)), count(counters(900))]
    write(rollout, *records)
    store = StoreOf(repo.home / ".local/share/opencode/opencode.db", wal=True)
    store.session(cwd=str(repo.path))
    for number in range(3):
        store.say(f"msg_{number}", message(path={"cwd": str(repo.path), "root": str(repo.path)}))
    return repo


def known_and_grown(folder: Path) -> Hooked:
    """The same once all of it was imported, and more has come."""
    repo = assistants_at_work(folder)
    repo.log()
    for _ in range(5):
        repo.spend()
    return repo


def import_story(build: Any) -> Story:
    return Story(build, lambda repo, environ: tokcost(repo, environ, "log"), lambda repo: (logged(repo), rows(repo)))


def without_hooks(folder: Path) -> Hooked:
    repo = Hooked(folder, enabled=False, rooted=True)
    repo.chain()
    return repo


def with_hooks(folder: Path) -> Hooked:
    repo = without_hooks(folder)
    repo.enable()
    return repo


def hooks_are_whole(repo: Hooked, _: Done) -> None:
    """Git can commit at every moment, and what was there before runs."""
    repo.change()
    repo.git("commit", "-q", "-m", "In between")
    assert "post-commit" in (repo.common_dir / "ran").read_text()


def hooks_of(repo: Hooked) -> Any:
    """All files of hooks, and the settings."""
    settings = repo.git("config", "--local", "--get-regexp", "tokcost.(enabled|models|precision)", ok=False)
    return files_in(repo.common_dir / "hooks"), settings, unfinished(repo.common_dir)


def foreign_hooks(repo: Hooked) -> Any:
    found = hooks_of(repo)
    assert {text for name, text in found[0].items() if not name.endswith(".sample")} == {FOREIGN.encode()}
    return found


def an_old_ledger(folder: Path) -> Hooked:
    """A ledger of the oldest schema with a row, and a clone with logs that are new."""
    repo = assistants_at_work(folder)
    repo.ledger_home.mkdir(mode=0o700, exist_ok=True)
    with closing(sqlite3.connect(repo.ledger_home / FILE_NAME)) as db:
        db.executescript((OLD / "4.sql").read_text())
        db.execute("PRAGMA journal_mode = WAL")
    (repo.ledger_home / FILE_NAME).chmod(0o600)
    return repo


CANARY = "canary-session"


def to_purge(folder: Path) -> Hooked:
    """Commits with claims, usage that is pending, a backup, and a session that is to go."""
    repo = Hooked(folder, rooted=True)
    repo.work("One")
    for _ in range(4):
        repo.spend(sessionId=CANARY)
    repo.work("Two")
    for _ in range(3):
        repo.spend(sessionId=CANARY)
    repo.spend()
    repo.log()
    shutil.copy(repo.ledger_home / FILE_NAME, repo.ledger_home / "ledger.backup-20260101T000000Z.db")
    return repo


def purged(repo: Hooked) -> Any:
    """Nothing of the session is in any byte of ours, and everything else is as it was."""
    roots = [repo.ledger_home, *repo.common_dir.glob("tokcost*")]
    names = [path.name for root in roots for path in root.rglob("*") if path.is_file()]
    holding = [p.name for root in roots for p in root.rglob("*") if p.is_file() and CANARY.encode() in p.read_bytes()]
    assert holding == [], holding
    assert unfinished(*roots) == [], names
    found = logged(repo)
    found["branches"][0]["commits"] = len(found["branches"][0]["commits"])
    for path in repo.ledger_home.glob("ledger.db*"):
        path.unlink()
    again = logged(repo)
    assert again["totals"] == found["totals"]
    return found["totals"], found["conservation"]


def with_settings(folder: Path) -> Hooked:
    repo = Hooked(folder, rooted=True)
    path = repo.home / ".claude/settings.json"
    path.parent.mkdir(parents=True)
    path.write_text(SETTINGS)
    return repo


def guard_there_and_gone(repo: Hooked) -> Any:
    """The guard can be taken out again, to the byte."""
    assert repo.tokcost("guard", "uninstall", "claude-code").returncode == 0
    return files_in(repo.home / ".claude"), unfinished(repo.home, repo.ledger_home)


def settings_are_whole(repo: Hooked, _: Done) -> None:
    text = (repo.home / ".claude/settings.json").read_text()
    assert text == SETTINGS or (text.endswith("}\n") and "tokcost" in text and '"opus"' in text), text


def to_assign(folder: Path) -> Hooked:
    repo = Hooked(folder, rooted=True)
    for _ in range(3):
        repo.spend()
    repo.log()
    return repo


def assigned(repo: Hooked) -> Any:
    """Also when the ledger is lost."""
    found = logged(repo)
    for path in repo.ledger_home.glob("ledger.db*"):
        path.unlink()
    assert logged(repo)["branches"] == found["branches"]
    return found["branches"]


def a_damaged_ledger(folder: Path) -> Hooked:
    """An index page is gone: all usage can be read; there are no logs."""
    repo = damages.build(folder, replies=60)
    page = next(page for page, of in damages.pages_of(repo).items() if of == ("usage_key", "leaf"))
    path = repo.ledger_home / FILE_NAME
    data = bytearray(path.read_bytes())
    damages.fill(page, 0).do(data)
    path.write_bytes(data)
    return repo


def rescued(repo: Hooked) -> Any:
    repo.tokcost("log")
    return rows(repo)[1], json.loads(repo.tokcost("log", "--json").stdout)["conservation"]


def with_free_pages(folder: Path) -> Hooked:
    """A ledger as an upgrade leaves it."""
    repo = to_assign(folder)
    with closing(sqlite3.connect(repo.ledger_home / FILE_NAME)) as db:
        db.execute("INSERT INTO setting VALUES ('long', ?)", ("x" * 2_000_000,))
        db.execute("DELETE FROM setting WHERE name = 'long'")
        db.commit()
    mark(repo)
    return repo


def mark(repo: Hooked) -> None:
    """Mark the ledger as upgraded, and not as tried already."""
    (repo.ledger_home / UPGRADED).touch()
    os.utime(repo.ledger_home / UPGRADED, (0, 0))


def compact(repo: Hooked, environ: Mapping[str, str]) -> Done:
    program = (
        "import sys, pathlib; from tokcost.services.back_up import back_up_if_due as do; do(pathlib.Path(sys.argv[1]))"
    )
    return run([sys.executable, "-P", "-c", program, str(repo.ledger_home)], repo, environ)


def compacted(repo: Hooked) -> Any:
    """A day later, if it could not be done."""
    if (repo.ledger_home / UPGRADED).exists():
        mark(repo)
        compact(repo, repo.environ)
    assert not (repo.ledger_home / UPGRADED).exists()
    with closing(sqlite3.connect(repo.ledger_home / FILE_NAME)) as db:
        assert db.execute("PRAGMA freelist_count").fetchone() == (0,)
    return rows(repo), logged(repo)


STORIES = {
    "first import": import_story(assistants_at_work),
    "later import": import_story(known_and_grown),
    "migration": import_story(an_old_ledger),
    "install": Story(
        without_hooks, lambda repo, environ: tokcost(repo, environ, "enable", "--yes"), hooks_of, hooks_are_whole
    ),
    "uninstall hooks": Story(
        with_hooks, lambda repo, environ: tokcost(repo, environ, "hooks", "uninstall"), foreign_hooks, hooks_are_whole
    ),
    "purge": Story(
        to_purge, lambda repo, environ: tokcost(repo, environ, "purge", "--session", CANARY, "--yes"), purged
    ),
    "assign": Story(
        to_assign, lambda repo, environ: tokcost(repo, environ, "assign", "feat/x", "--from", "main"), assigned
    ),
    "guard": Story(
        with_settings,
        lambda repo, environ: tokcost(repo, environ, "guard", "install", "claude-code", "--yes"),
        guard_there_and_gone,
        settings_are_whole,
    ),
    "compaction": Story(with_free_pages, compact, compacted, lambda repo, _: rows(repo)),
    "rescue": Story(a_damaged_ledger, lambda repo, environ: tokcost(repo, environ, "doctor"), rescued),
}


@pytest.fixture(scope="module", params=STORIES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("faults"), request.param, STORIES[request.param])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_the_same_command_again_does_what_a_fault_left_undone(world: World, fault: Fault) -> None:
    world.try_all(fault, 2)
