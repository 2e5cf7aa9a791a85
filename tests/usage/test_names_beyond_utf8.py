"""File systems allow names that are not UTF-8, and an unpacked archive or another machine's encoding brings them: logs
with such names, or in such folders, are read like any others, also where several processes read side by side."""

import os
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from readers.test_aider import history, turn
from readers.test_aider import session as chat
from support.claude_lines import assistant, write
from tokcost.ledger.open import open_ledger
from tokcost.ledger.query import span
from tokcost.ledger.sources import problems
from tokcost.services.refresh import refresh
from tokcost.usage.read import SIDE_BY_SIDE

T0 = 1_790_000_000_000
ODD = os.fsdecode(b"s\xff1")
MUCH = {"type": "user", "message": {"role": "user", "content": "x" * (SIDE_BY_SIDE // 2)}}
"""Two lines of this are more than one process reads alone."""


def add_much(projects: Path) -> None:
    """More logs than one process reads alone, which tell of no usage."""
    for number in range(2):
        write(projects / f"much/{number}.jsonl", MUCH)


@pytest.fixture(params=["forked", "started anew"])
def beside(request: pytest.FixtureRequest) -> Iterator[None]:
    """The two ways of starting processes: a fork, and another one where a second thread makes that unsafe."""
    ended = threading.Event()
    thread = threading.Thread(target=ended.wait)
    if request.param == "started anew":
        thread.start()
    yield
    ended.set()
    if request.param == "started anew":
        thread.join()


def imported(path: Path, home: Path) -> tuple[int, int, dict[str, str]]:
    """New responses, all responses, and the sources that cannot be read, after an import."""
    new = refresh(path / "ledger", {"HOME": str(home)}).new_usage
    with open_ledger(path / "ledger") as ledger:
        return new, span(ledger)[0], dict(problems(ledger))


@pytest.mark.few
@pytest.mark.parametrize("name", [f"p/{ODD}.jsonl", f"{ODD}/a.jsonl"])
@pytest.mark.usefixtures("beside")
def test_a_log_with_such_a_name_is_read_beside_others(tmp_path: Path, name: str) -> None:
    projects = tmp_path / "home/.claude/projects"
    write(projects / "p/a.jsonl", assistant("msg_1", "req_1", T0))
    write(projects / name, assistant("msg_2", "req_2", T0))
    add_much(projects)
    assert imported(tmp_path, tmp_path / "home") == (2, 2, {})
    assert imported(tmp_path, tmp_path / "home") == (0, 2, {})


@pytest.mark.usefixtures("beside")
def test_so_is_a_log_whose_responses_are_of_such_a_folder(tmp_path: Path) -> None:
    home = tmp_path / ODD
    home.mkdir()
    history(home, chat(), turn())
    add_much(home / ".claude/projects")
    assert imported(tmp_path, home) == (1, 1, {})


@pytest.mark.usefixtures("beside")
def test_a_log_with_such_a_name_that_cannot_be_read_is_named_and_stops_no_other(tmp_path: Path) -> None:
    projects = tmp_path / "home/.claude/projects"
    write(projects / "p/a.jsonl", assistant("msg_1", "req_1", T0))
    bad = projects / f"p/{ODD}.jsonl"
    bad.write_bytes(b"\xff\xfe" + "{}\n".encode("utf-16-le"))
    add_much(projects)
    new, usage, found = imported(tmp_path, tmp_path / "home")
    assert (new, usage, [*found]) == (1, 1, [str(bad)])
