"""What stands in the place of a file of ours and is none: nothing waits for it, and nothing is written through it."""

import json
import os
import socket
from collections.abc import Callable
from pathlib import Path

import pytest

from support.hooked import Hooked
from tokcost.errors import LedgerUnavailable
from tokcost.files.private import append_ours
from tokcost.ledger.backup import back_up, backups
from tokcost.ledger.history_cache import open_history_cache
from tokcost.ledger.open import FILE_NAME, open_for_reading, open_ledger
from tokcost.ledger.rescue_record import read_rescues

COMMANDS = ("log", "status", "doctor")


def bind(path: Path) -> None:
    before = os.getcwd()
    os.chdir(path.parent)  # the name of a socket is short
    with socket.socket(socket.AF_UNIX) as one:
        one.bind(path.name)
    os.chdir(before)


KINDS: dict[str, Callable[[Path], None]] = {
    "a pipe": os.mkfifo,
    "a socket": bind,
    "a folder": os.mkdir,
    "a link": lambda path: path.symlink_to(path.parent / "elsewhere" / "file"),
}
"""By what is said of them."""


@pytest.fixture
def home(tmp_path: Path) -> Path:
    with open_ledger(tmp_path / "home"):
        return tmp_path / "home"


@pytest.mark.parametrize("suffix", ["", "-wal", "-shm", "-journal"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_ledger_that_is_no_file_is_refused_by_its_name(home: Path, kind: str, suffix: str) -> None:
    path = home / f"{FILE_NAME}{suffix}"
    path.unlink(missing_ok=True)
    KINDS[kind](path)
    for action in (open_ledger, open_for_reading):
        with pytest.raises(LedgerUnavailable, match=f"{path} is {kind}, not a file") as caught:
            action(home)
        assert "Remove it" in caught.value.hint
    assert os.path.lexists(path)


@pytest.mark.parametrize("leads", [True, False])
def test_a_link_is_not_followed_to_a_ledger(home: Path, tmp_path: Path, leads: bool) -> None:
    target = tmp_path / "elsewhere.db"
    if leads:
        os.rename(home / FILE_NAME, target)
    else:
        (home / FILE_NAME).unlink()
    (home / FILE_NAME).symlink_to(target)
    with pytest.raises(LedgerUnavailable, match="is a link"):
        open_ledger(home)
    assert target.exists() == leads


@pytest.mark.few
@pytest.mark.parametrize("name", [FILE_NAME, f"{FILE_NAME}-wal", f"{FILE_NAME}-journal"])
def test_no_command_waits_for_a_pipe(tmp_path: Path, name: str) -> None:
    repo = Hooked(tmp_path / "repo", forks=True)
    repo.work("One")
    (repo.ledger_home / name).unlink(missing_ok=True)
    os.mkfifo(repo.ledger_home / name)
    for command in COMMANDS:
        done = repo.tokcost(command)
        said = done.stdout + done.stderr
        assert done.returncode in (1, 3), said
        assert "is a pipe, not a file" in said.replace("\n", " "), (command, said)
    repo.change()
    said = repo.grumble("commit", "-q", "-m", "Two")
    assert "is a pipe" in said
    assert "\nhint: Remove it." in said


@pytest.mark.few
@pytest.mark.parametrize("name", ["history.db", "history.db-wal", "history.db-journal", "rescues.json", "prices.toml"])
def test_a_pipe_beside_the_ledger_keeps_nobody_waiting(tmp_path: Path, name: str) -> None:
    repo = Hooked(tmp_path / "repo", forks=True)
    repo.work("One")
    (repo.ledger_home / name).unlink(missing_ok=True)
    os.mkfifo(repo.ledger_home / name)
    for command in (*COMMANDS, "report"):
        done = repo.tokcost(command)
        assert done.returncode in (0, 1), (command, done.stdout + done.stderr)
    repo.spend()
    repo.change()
    repo.grumble("commit", "-q", "-m", "Two")
    assert "AI-Cost" in repo.git("log", "-1", "--format=%B")


def test_a_history_that_is_a_pipe_is_kept_in_memory(home: Path) -> None:
    os.mkfifo(home / "history.db")
    with open_history_cache(home, "/repo", "shape") as cache:
        assert cache.tips() == []


def test_nothing_is_appended_to_a_pipe_that_somebody_reads(tmp_path: Path) -> None:
    path = tmp_path / "journal"
    os.mkfifo(path)
    with pytest.raises(OSError, match=r"."):
        append_ours(str(path), b"x")
    reader = os.open(path, os.O_RDONLY | os.O_NONBLOCK)
    with pytest.raises(OSError, match="it is a pipe, not a file"):
        append_ours(str(path), b"x")
    os.close(reader)


@pytest.mark.parametrize("kind", KINDS)
def test_a_backup_that_is_no_file_is_none(home: Path, kind: str) -> None:
    KINDS[kind](home / "ledger.backup-20200101T000000Z.db")
    assert backups(home) == []
    made = back_up(home)
    assert made is not None
    assert backups(home) == [made]


def test_a_damaged_list_of_rescues_is_told_and_replaced_whole(home: Path) -> None:
    path = home / "rescues.json"
    sound = ["20260101T000000Z", str(path), "what", {"usage": 1}, {}, 0, {}, None, [1, 2]]
    path.write_text(json.dumps([sound]))
    assert [one.what for one in read_rescues(home)] == ["what"]
    others = [[*sound[:at], value, *sound[at + 1 :]] for at in range(9) for value in (7.5, [1], {"a": "b"})]
    for content in ("{", "[" * 100_000, "3", *(json.dumps([one]) for one in ([1, 2], *others))):
        path.write_text(content)
        assert [one.what for one in read_rescues(home)] == ["the record of rescues is damaged"]
