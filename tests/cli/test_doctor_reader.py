"""`tokcost doctor --reader NAME FILE`, as somebody meets it who writes a reader or doubts a figure."""

import json
import os
import subprocess
from pathlib import Path

import pytest

from support import claude_lines, samples, warm

PROGRAM = "from tokcost.cli.start import main; main()"
EACH = {"input_tokens": 3, "cache_read_input_tokens": 20, "cache_creation_input_tokens": 0, "output_tokens": 7}


def tried(folder: Path, *words: str) -> subprocess.CompletedProcess[str]:
    """Run `tokcost doctor --reader` with these words."""
    environ = {"PATH": os.environ["PATH"], "HOME": str(folder), "TOKCOST_HOME": str(folder / "ledger")}
    return warm.tokcost("doctor", "--reader", *words, cwd=folder, env=environ)


def told(folder: Path, *words: str) -> dict[str, dict[str, str]]:
    """The parts of its answer, by subject."""
    parts = json.loads(tried(folder, *words, "--json").stdout)["parts"]
    return {part: {check["subject"]: check["found"] for check in checks} for part, checks in parts.items()}


@pytest.fixture
def log(tmp_path: Path) -> Path:
    first = claude_lines.assistant("m1", "r1", usage=EACH, text="a secret prompt")
    second = claude_lines.assistant("m2", "r2", 1_790_000_060_000, usage=EACH)
    return claude_lines.write(tmp_path / "a.jsonl", first, first, '{"type": "assistant", "usage": broken', second)


def test_a_response_counts_once_and_its_repetitions_and_damages_are_told(log: Path) -> None:
    parts = told(log.parent, "claude-code", str(log))
    assert parts["file"]["responses"] == "2"
    assert parts["file"]["claude-sonnet-4-5"] == "input 6, cache read 40, output 14"
    assert parts["file"]["times"] == "2026-09-21T14:13:20Z to 2026-09-21T14:14:20Z"
    assert parts["file"]["branches"] == "1, named by 2 of 2 responses"
    assert list(parts["records"]) == ["skipped", "not counted twice"]


def test_no_text_path_session_or_branch_of_the_log_is_shown(log: Path) -> None:
    shown = tried(log.parent, "claude-code", str(log)).stdout
    assert "secret" not in shown
    assert "feat/a" not in shown
    assert "session-1" not in shown
    assert "/somewhere" not in shown


def test_nothing_is_recorded(log: Path) -> None:
    tried(log.parent, "claude-code", str(log))
    assert not (log.parent / "ledger").exists()


def test_a_log_of_another_assistant_holds_no_response_which_is_a_finding(log: Path) -> None:
    shown = tried(log.parent, "codex", str(log))
    assert shown.returncode == 1
    assert "responses  none" in shown.stdout


def test_a_store_is_read_as_one(tmp_path: Path) -> None:
    sample = samples.unpack("opencode-1.18.33/S1-single", tmp_path)
    (store,) = sample.home.rglob("opencode.db")
    assert told(tmp_path, "opencode", str(store))["file"]["responses"] == "1"


@pytest.mark.parametrize(
    ("words", "code", "sentence"),
    [
        (["nobody", "a.jsonl"], 2, "there is no reader named nobody"),
        (["codex", "missing.jsonl"], 3, "missing.jsonl cannot be read: No such file or directory"),
        (["codex", "."], 3, "cannot be read: it is not a regular file"),
        (["codex"], 2, "--reader NAME and FILE belong together"),
    ],
)
def test_a_wrong_name_or_file_is_a_sentence(log: Path, words: list[str], code: int, sentence: str) -> None:
    shown = tried(log.parent, *words)
    assert shown.returncode == code
    assert sentence in shown.stderr
    assert "Traceback" not in shown.stderr


def test_a_pipe_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.jsonl")
    assert tried(tmp_path, "codex", "pipe.jsonl").returncode == 3
