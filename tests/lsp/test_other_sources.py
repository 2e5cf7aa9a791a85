"""What assistants of other kinds write shows up by itself: a store that grows, a chat, a document written anew."""

import json
from contextlib import closing
from pathlib import Path

import pytest

from support.claude_lines import append, iso, write
from support.editor import Editor
from support.hooked import Hooked
from support.opencode_store import StoreOf, message

ONE = 10 + 20 + 30 + 40
INSERT = "INSERT INTO message VALUES (?, 'ses_1', ?, ?, ?)"


@pytest.mark.parametrize("is_there", [True, False])
def test_a_row_is_shown_while_its_writer_stays_open_also_in_a_store_that_was_not_there(
    repo: Hooked, is_there: bool
) -> None:
    path = repo.home / ".local/share/opencode/opencode.db"
    if is_there:
        StoreOf(path, wal=True)
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=0)
        store = StoreOf(path, wal=True) if not is_there else StoreOf(path, "")
        with closing(store.open()) as writer:
            for number in (1, 2, 3):
                time_ms = repo.now * 1000 + number
                row = json.dumps(message(time_ms, path={"cwd": str(repo.path)}))
                writer.execute(INSERT, (f"msg_{number}", time_ms, time_ms, row))
                editor.status(repo.path, tokens=number * ONE)


def chat(repo: Hooked, name: str) -> Path:
    folder = repo.home / ".gemini/tmp/repo"
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ".project_root").write_text(str(repo.path))
    return folder / "chats" / name


def gemini(repo: Hooked, number: int) -> dict[str, object]:
    tokens = {"input": 30, "cached": 20, "output": 70, "thoughts": 0, "tool": 0, "total": 100}
    time = iso(repo.now * 1000 + number)
    return {"id": f"m{number}", "type": "gemini", "timestamp": time, "model": "gemini-2.5-pro", "tokens": tokens}


def test_a_line_of_a_chat_is_shown_as_it_is_written(repo: Hooked) -> None:
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=0)
        path = write(chat(repo, "session-a.jsonl"), {"sessionId": "s"}, gemini(repo, 1))
        editor.status(repo.path, tokens=100)
        append(path, gemini(repo, 2))
        editor.status(repo.path, tokens=200)


def test_a_document_that_is_written_anew_is_shown_each_time(repo: Hooked) -> None:
    with Editor(repo.environ, repo.path) as editor:
        editor.open()
        editor.status(repo.path, state="ready", tokens=0)
        path = chat(repo, "session-a.json")
        path.parent.mkdir(parents=True)
        for many in (1, 2, 3):
            path.write_text(json.dumps({"sessionId": "s", "messages": [gemini(repo, n) for n in range(many)]}))
            editor.status(repo.path, tokens=many * 100)
