"""Sources that are rewritten: what the ledger holds of SQLite stores and whole JSON files after a second look."""

import hashlib
import json
import os
import shutil
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

from support.claude_lines import append, assistant, iso, write
from support.git_sandbox import T0, GitSandbox
from support.opencode_store import StoreOf, counts, message
from tokcost.ledger.open import open_ledger
from tokcost.ledger.rollup import disagreements
from tokcost.ledger.sources import problems
from tokcost.model.worktree import Worktree
from tokcost.policy.clone_state import read_state
from tokcost.readers.sources import sqlite_store
from tokcost.repo.worktree import find_worktree, worktree_for
from tokcost.services.refresh import refresh
from tokcost.services.summarise import LogOptions, summarise

MS = 1000
ONE = 10 + 20 + 30 + 40


class Machine:
    """A repository, opencode's store and Gemini CLI's chats, and a ledger."""

    def __init__(self, path: Path) -> None:
        self.ledger, self.home = path / "ledger", path / "home"
        self.data = self.home / ".local/share/opencode"
        self.git = GitSandbox(path / "repo")
        self.git.commit()
        self.cwd = str(self.git.path)

    def store(self, name: str = "opencode.db") -> StoreOf:
        """A store with a session in the repository."""
        made = StoreOf(self.data / name, wal=True)
        made.session(cwd=self.cwd, began=T0 * MS)
        return made

    def said(self, seconds: int = 10, **more: Any) -> dict[str, Any]:
        """A message of opencode in the repository."""
        return message((T0 + seconds) * MS, path={"cwd": self.cwd}, **more)

    def write_file(self, data: dict[str, Any], name: str = "msg_1", session: str = "ses_1") -> None:
        """A message file of a version before 1.2."""
        path = self.data / "storage/message" / session / f"{name}.json"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"id": name, "sessionID": session, **data}))

    def chat(self, *messages: dict[str, Any], name: str = "session-a.json", **head: Any) -> Path:
        """A chat of Gemini CLI as one document."""
        path = self.home / ".gemini/tmp/repo/chats" / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(json.dumps({"sessionId": "s", "messages": messages, **head}))
        return path

    def tokens(self, here: Worktree | None = None) -> dict[str, int]:
        """Tokens by branch, without one under the empty name, as somebody `here` sees them."""
        refresh(self.ledger, {"HOME": str(self.home)}, here=read_state(here) if here else None)
        found = summarise(self.ledger, self.git.path, LogOptions())
        with open_ledger(self.ledger) as ledger:
            assert disagreements(ledger) == []
        named = {row.branch: row.split.total.tokens.total for one in found for row in one.branches}
        none = sum(one.unplaced.total.tokens.total for one in found)
        return {name: count for name, count in {**named, "": none}.items() if count}

    def problems(self) -> list[str]:
        """What could not be read, by its reason."""
        with open_ledger(self.ledger) as ledger:
            return [str(one) for one in problems(ledger)]


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def gemini(name: str = "m1", seconds: int = 10, **more: Any) -> dict[str, Any]:
    tokens = {"input": 30, "cached": 20, "output": 70, "thoughts": 0, "tool": 0, "total": 100}
    said = {"id": name, "type": "gemini", "timestamp": iso((T0 + seconds) * MS), "model": "gemini-2.5-pro"}
    return {**said, "tokens": tokens, **more}


def test_a_row_that_is_written_while_the_writer_stays_open_is_counted(machine: Machine) -> None:
    store = machine.store()
    with closing(store.open()) as writer:
        assert machine.tokens() == {}
        data = json.dumps(machine.said())
        writer.execute("INSERT INTO message VALUES ('m', 'ses_1', 1, ?, ?)", (T0 * MS, data))
        assert machine.tokens() == {"main": ONE}
        writer.execute("INSERT INTO message VALUES ('n', 'ses_1', 1, ?, ?)", (T0 * MS, data.replace("build", "plan")))
        assert machine.tokens() == {"main": 2 * ONE}
    assert machine.tokens() == {"main": 2 * ONE}


def test_counts_that_were_told_while_a_response_streamed_are_replaced(machine: Machine) -> None:
    store = machine.store()
    store.say("msg_1", machine.said(tokens=counts(output=1), done=False))
    assert machine.tokens() == {"main": ONE - 39}
    store.say("msg_1", machine.said(), updated=(T0 + 60) * MS)
    assert machine.tokens() == {"main": ONE}


def test_a_deleted_message_a_deleted_session_and_a_deleted_store_stay_paid(machine: Machine) -> None:
    store = machine.store()
    store.say("msg_1", machine.said())
    assert machine.tokens() == {"main": ONE}
    store.run("DELETE FROM message")
    store.run("DELETE FROM session")
    assert machine.tokens() == {"main": ONE}
    shutil.rmtree(machine.data)
    assert machine.tokens() == {"main": ONE}


@pytest.mark.parametrize("first", ["files", "store"])
def test_the_files_beside_the_store_they_were_moved_to_count_once(machine: Machine, first: str) -> None:
    def files() -> None:
        machine.write_file(machine.said())
        machine.write_file(machine.said(11), "msg_2")

    def rows() -> None:
        store = machine.store()
        store.say("msg_1", machine.said())
        store.say("msg_3", machine.said(12))

    steps = (files, rows) if first == "files" else (rows, files)
    steps[0]()
    assert machine.tokens() == {"main": 2 * ONE}
    steps[1]()
    assert machine.tokens() == {"main": 3 * ONE}


@pytest.mark.parametrize("deleted", [False, True])
@pytest.mark.parametrize("looks", [1, 2])
def test_a_fork_counts_once_on_the_branch_of_the_original(machine: Machine, looks: int, deleted: bool) -> None:
    store = machine.store()
    store.say("msg_1", machine.said())
    if looks == 2:
        assert machine.tokens() == {"main": ONE}
    machine.git.at(50).commit()
    machine.git.at(100).switch("-c", "feat/fork")
    store.session("ses_fork", began=(T0 + 200) * MS, cwd=machine.cwd)
    store.say("msg_9", machine.said(), "ses_fork", updated=(T0 + 200) * MS)
    store.say("msg_10", machine.said(300), "ses_fork")
    if deleted:
        store.run("DELETE FROM message WHERE session_id = 'ses_1'")
    assert machine.tokens() == {"main": ONE, "feat/fork": ONE}


def test_a_locked_store_is_named_and_read_as_soon_as_it_is_free(
    machine: Machine, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_store, "WAIT_SECONDS", 0.05)
    store = StoreOf(machine.data / "opencode.db")
    store.session(cwd=machine.cwd)
    store.say("msg_1", machine.said())
    with closing(store.open()) as writer:
        writer.execute("BEGIN EXCLUSIVE")
        assert machine.tokens() == {}
        assert any("locked" in one for one in machine.problems())
    assert machine.tokens() == {"main": ONE}
    assert machine.problems() == []


def test_a_store_of_an_unknown_version_stops_no_other(machine: Machine) -> None:
    StoreOf(machine.data / "opencode.db", "CREATE TABLE other (id text)")
    machine.store("opencode-beta.db").say("msg_1", machine.said())
    assert machine.tokens() == {"main": ONE}
    assert any("lacks the tables of messages that this reader knows" in one for one in machine.problems())


def test_what_the_assistant_says_it_cost_is_kept_and_never_counted(machine: Machine) -> None:
    store = machine.store()
    store.say("msg_1", machine.said(modelID="model-without-a-price", cost=0.25))
    assert machine.tokens() == {"main": ONE}
    (found,) = summarise(machine.ledger, machine.git.path, LogOptions())
    assert not found.totals.total.list_cost
    assert found.totals.total.unpriced_tokens == ONE


def test_a_document_that_is_rewritten_counts_each_message_once_and_keeps_those_it_leaves_out(machine: Machine) -> None:
    beside = machine.home / ".gemini/tmp/repo/.project_root"
    machine.chat(gemini())
    beside.write_text(machine.cwd)
    assert machine.tokens() == {"main": 100}
    machine.chat(gemini(), gemini("m2", 11))
    assert machine.tokens() == {"main": 200}
    machine.chat(gemini("m3", 12))
    assert machine.tokens() == {"main": 300}


def test_a_chat_resumed_as_a_log_counts_once_and_stays_where_it_was_spent(machine: Machine) -> None:
    old = machine.chat(gemini())
    (machine.home / ".gemini/tmp/repo/.project_root").write_text(machine.cwd)
    machine.git.at(50).commit()
    machine.git.at(100).switch("-c", "feat/later")
    again = {"$set": {"messages": [gemini(seconds=200)]}}
    new = write(old.with_suffix(".jsonl"), {"sessionId": "s"}, again)
    assert machine.tokens() == {"main": 100}
    append(new, gemini("m2", 201))
    old.unlink()
    assert machine.tokens() == {"main": 100, "feat/later": 100}


def test_a_digest_of_a_folder_that_is_known_from_elsewhere_places_the_chat(machine: Machine) -> None:
    digest = hashlib.sha256(os.fsencode(machine.cwd)).hexdigest()
    machine.chat(gemini(), projectHash=digest)
    assert machine.tokens() == {}
    line = assistant(cwd=machine.cwd, time_ms=(T0 + 20) * MS)
    write(machine.home / ".claude/projects/p/s.jsonl", line)
    assert machine.tokens()["main"] == 100 + 11_404


@pytest.mark.parametrize("looked_before", [False, True])
def test_a_digest_of_the_folder_that_is_asked_about_places_the_chat(machine: Machine, looked_before: bool) -> None:
    digest = hashlib.sha256(os.fsencode(machine.cwd)).hexdigest()
    machine.chat(gemini(), projectHash=digest)
    other = machine.chat(gemini("m2"), name="session-b.json", projectHash="00" * 32)
    assert other.exists()
    if looked_before:
        assert machine.tokens() == {}
    here = find_worktree(machine.cwd)
    assert machine.tokens(here) == {"main": 100}
    assert machine.tokens() == {"main": 100}


def test_a_repository_that_only_names_the_folder_takes_no_chat_by_its_digest(machine: Machine) -> None:
    """Gemini CLI itself commits copies of a project into a repository of its own."""
    machine.chat(gemini(), projectHash=hashlib.sha256(os.fsencode(machine.cwd)).hexdigest())
    machine.git.git("init", "-q", "--bare", "../copies.git")
    named = {"GIT_DIR": f"{machine.git.path.parent}/copies.git", "GIT_WORK_TREE": machine.cwd}
    assert machine.tokens(worktree_for(machine.cwd, named)) == {}
    assert machine.tokens(find_worktree(machine.cwd)) == {"main": 100}
