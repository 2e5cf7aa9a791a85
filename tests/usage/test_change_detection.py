"""What is remembered of folders never hides a log."""

import os
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from support.audited import opened_or_listed
from support.claude_lines import append, assistant, write
from support.tables import few
from tokcost.ledger.open import open_ledger
from tokcost.ledger.sources import listing_of
from tokcost.services.refresh import ImportReport, refresh
from tokcost.usage import change_detection

PASSED_NS = 200_000_000


class Logs:
    """A home with transcripts, and a ledger."""

    def __init__(self, path: Path) -> None:
        self.home, self.ledger = path / "home", path / "ledger"
        self.projects = self.home / ".claude/projects"
        self.said = 0
        for name in ("p/a.jsonl", "p/b.jsonl", "p/a/subagents/agent-1.jsonl", "q/c.jsonl"):
            self.say(name)

    def say(self, name: str) -> None:
        """One more response at the end of a transcript."""
        self.said += 1
        line = assistant(f"msg_{self.said}", f"req_{self.said}", 1_763_900_000_000 + self.said)
        path = self.projects / name
        append(path, line) if path.exists() else write(path, line)

    def refresh(self) -> ImportReport:
        return refresh(self.ledger, {"HOME": str(self.home)})

    def among(self, paths: list[str]) -> set[str]:
        """The paths that are in the folder of the transcripts, relative to it."""
        return {os.path.relpath(path, self.projects) for path in paths if path.startswith(str(self.projects))}

    @property
    def remembered(self) -> bytes | None:
        with open_ledger(self.ledger) as ledger:
            return listing_of(ledger, "claude-code", str(self.projects))


@pytest.fixture(params=["alone", "side by side"])
def logs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, request: pytest.FixtureRequest) -> Logs:
    """Logs that were read and whose folders are remembered; they are compared in one process, or in two.

    What is real takes longer than all tests here: folders settle in ten seconds, and from 4,000 files on two processes
    compare them, if there are two processors and the process has one thread, which pytest-xdist's have not.
    """
    monkeypatch.setattr(change_detection, "_SETTLED_NS", PASSED_NS)
    if request.param == "side by side":
        monkeypatch.setattr(change_detection, "_SIDE_BY_SIDE", 1)
        monkeypatch.setattr(change_detection, "can_fork", lambda: True)
        monkeypatch.setattr(os, "cpu_count", lambda: 2)
    logs = Logs(tmp_path)
    time.sleep(1.5 * PASSED_NS / 1e9)
    assert (logs.refresh().new_usage, logs.refresh().found_files) == (4, 4)
    assert logs.remembered
    return logs


def new_file(logs: Logs) -> None:
    logs.say("p/d.jsonl")


def new_file_below(logs: Logs) -> None:
    logs.say("p/a/subagents/agent-2.jsonl")


def new_folder(logs: Logs) -> None:
    logs.say("r/s/t/d.jsonl")


def longer_file(logs: Logs) -> None:
    logs.say("p/b.jsonl")


def longer_file_with_its_old_date(logs: Logs) -> None:
    path = logs.projects / "p/a/subagents/agent-1.jsonl"
    before = path.stat()
    logs.say("p/a/subagents/agent-1.jsonl")
    os.utime(path, ns=(before.st_atime_ns, before.st_mtime_ns))


def replaced_file(logs: Logs) -> None:
    logs.say("p/new")
    (logs.projects / "p/new").replace(logs.projects / "p/b.jsonl")


CHANGES = [new_file, new_file_below, new_folder, longer_file, longer_file_with_its_old_date, replaced_file]


@pytest.mark.few
@pytest.mark.parametrize("change", few(CHANGES))
def test_whatever_changes_is_found_behind_a_remembered_listing(logs: Logs, change: Callable[[Logs], None]) -> None:
    for _ in range(3):
        change(logs)
        assert logs.refresh().new_usage == 1
        assert logs.refresh().new_usage == 0


def test_a_folder_with_an_old_date_that_got_a_log_is_looked_into(logs: Logs) -> None:
    """Tools that restore files restore dates too: `mtime` can lie, `ctime` cannot."""
    before = (logs.projects / "q").stat()
    logs.say("q/d.jsonl")
    os.utime(logs.projects / "q", ns=(before.st_atime_ns, before.st_mtime_ns))
    assert logs.refresh().new_usage == 1


def test_a_log_that_is_gone_is_not_counted_as_found(logs: Logs) -> None:
    (logs.projects / "p/b.jsonl").unlink()
    assert (logs.refresh().new_usage, logs.refresh().found_files) == (0, 3)


def test_a_folder_that_has_only_just_changed_is_not_relied_on(logs: Logs, monkeypatch: pytest.MonkeyPatch) -> None:
    """Within one tick of the clock a folder may change twice and look as if it had changed once."""
    monkeypatch.setattr(change_detection, "_SETTLED_NS", 3_600 * 10**9)
    before = logs.remembered
    new_file(logs)
    assert (logs.refresh().new_usage, logs.refresh().new_usage) == (1, 0)
    assert logs.remembered == before


def test_a_log_that_cannot_be_read_is_tried_again_and_all_others_are_remembered(logs: Logs) -> None:
    (logs.home / "elsewhere").symlink_to("/proc/self/mem")
    (logs.projects / "q/d.jsonl").symlink_to(logs.home / "elsewhere")
    time.sleep(1.5 * PASSED_NS / 1e9)
    before = logs.remembered
    for _ in range(2):
        assert (logs.refresh().new_usage, logs.refresh().found_files) == (0, 5)
    assert logs.remembered != before
    with opened_or_listed("os.scandir") as listed:
        assert logs.refresh().found_files == 5
    assert logs.among(listed) == set()
    write(logs.home / "readable", assistant("msg_late", "req_late", 1_763_900_000_000))
    (logs.home / "readable").replace(logs.home / "elsewhere")
    assert (logs.refresh().new_usage, logs.refresh().new_usage) == (1, 0)


def test_many_changed_files_are_remembered_anew(logs: Logs) -> None:
    for number in range(change_detection._STALE + 1):
        logs.say(f"s/{number}.jsonl")
    logs.refresh()
    time.sleep(1.5 * PASSED_NS / 1e9)
    logs.refresh()
    before = logs.remembered
    for number in range(change_detection._STALE + 1):
        logs.say(f"s/{number}.jsonl")
    assert logs.refresh().new_usage == change_detection._STALE + 1
    assert logs.refresh().new_usage == 0
    assert logs.remembered != before


@pytest.mark.slow
@pytest.mark.parametrize("damage", [b"", b"abc", b"\0" * 40, None])
def test_what_is_remembered_is_not_believed_once_the_disk_changed_it(logs: Logs, damage: bytes | None) -> None:
    with open_ledger(logs.ledger) as ledger:
        (data,) = ledger.db.execute("SELECT data FROM listing WHERE reader = 'claude-code'").fetchone()
        changed = damage if damage is not None else data[:-3] + bytes([data[-3] ^ 1]) + data[-2:]
        ledger.db.execute("UPDATE listing SET data = ?", (changed,))
    logs.say("p/b.jsonl")
    assert logs.refresh().new_usage == 1
    assert logs.remembered != changed


def everything(logs: Logs) -> set[str]:
    return {str(path) for path in logs.projects.rglob("*.jsonl")}


def remembered_files(logs: Logs) -> set[str]:
    return set(change_detection._sizes(change_detection._unpacked(logs.remembered) or {}))


@pytest.mark.slow
def test_only_what_is_below_a_changed_folder_is_listed_again(logs: Logs) -> None:
    logs.say("p/a/subagents/agent-2.jsonl")
    logs.say("p/b.jsonl")
    with opened_or_listed("os.scandir") as listed:
        assert logs.refresh().new_usage == 2
    assert logs.among(listed) == {"p/a/subagents"}


@pytest.mark.slow
def test_a_folder_that_changed_is_remembered_once_it_has_settled(logs: Logs) -> None:
    logs.say("p/a/subagents/agent-2.jsonl")
    assert logs.refresh().new_usage == 1
    time.sleep(1.5 * PASSED_NS / 1e9)
    assert (logs.refresh().new_usage, logs.refresh().found_files) == (0, 5)
    assert remembered_files(logs) == everything(logs)


def test_a_first_look_remembers_what_has_settled(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    logs = Logs(tmp_path)
    monkeypatch.setattr(change_detection, "_SETTLED_NS", 3_600 * 10**9)
    assert logs.refresh().new_usage == 4
    assert remembered_files(logs) == everything(logs)
    for change in CHANGES:
        change(logs)
        assert (logs.refresh().new_usage, logs.refresh().new_usage) == (1, 0)


@pytest.mark.slow
def test_folders_that_are_gone_or_come_back_are_forgotten_and_found(logs: Logs) -> None:
    (logs.projects / "p").rename(logs.home / "kept")
    assert (logs.refresh().new_usage, logs.refresh().found_files) == (0, 1)
    (logs.home / "kept").rename(logs.projects / "s")
    logs.say("s/a/subagents/agent-1.jsonl")
    report = logs.refresh()
    assert (report.new_usage, report.found_files) == (1, 4)
    time.sleep(1.5 * PASSED_NS / 1e9)
    logs.refresh()
    assert remembered_files(logs) == everything(logs)


@pytest.mark.slow
def test_a_file_is_read_once_where_its_folder_and_one_above_changed(logs: Logs) -> None:
    logs.say("p/a/subagents/agent-1.jsonl")
    logs.say("p/a/subagents/agent-2.jsonl")
    logs.say("p/e.jsonl")
    assert (logs.refresh().new_usage, logs.refresh().new_usage) == (3, 0)
