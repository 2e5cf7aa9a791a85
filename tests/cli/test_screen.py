import io
import os
import subprocess
from pathlib import Path

import pytest

from support.terminal import piped
from tokcost.cli import screen


def test_what_the_encoding_lacks_becomes_a_question_mark_and_never_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    raw = io.BytesIO()
    monkeypatch.setattr("sys.stdout", io.TextIOWrapper(raw, encoding="ascii"))
    screen.show("█ 漢字\n")
    assert raw.getvalue() == b"? ??\n"
    assert not screen.draws_blocks()


def test_progress_without_a_terminal_is_nothing() -> None:
    with screen.progress("Reading logs") as progress:
        assert progress is None


def test_a_bar_is_not_drawn_for_what_is_over_within_a_blink(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", stream)
    with screen.progress("Reading logs") as progress:
        assert progress is not None
        progress(1, 2)
        progress(2, 2)
    assert stream.getvalue() == ""


def test_a_bar_is_drawn_on_standard_error_once_it_takes_long(monkeypatch: pytest.MonkeyPatch) -> None:
    stream = io.StringIO()
    monkeypatch.setattr(stream, "isatty", lambda: True)
    monkeypatch.setattr("sys.stderr", stream)
    monkeypatch.setattr(screen, "_PROGRESS_AFTER_SECONDS", 0.0)
    with screen.progress("Reading logs") as progress:
        assert progress is not None
        progress(1_000_000, 2_000_000)
    assert "Reading logs" in stream.getvalue()


HOSTILE = "a\x1b[2J\x9b8m\u202e\u2066\u200b\x7f\udc80\rb"
SHOWN = r"a\x1b[2J\x9b8m\u202e\u2066\u200b\x7f\x80\rb"


def test_control_characters_come_out_as_what_they_are(capsys: pytest.CaptureFixture[str]) -> None:
    screen.show(f"{HOSTILE}\nnext\n")
    screen.show(iter([HOSTILE, "\n"]))
    assert capsys.readouterr().out == f"{SHOWN}\nnext\n{SHOWN}\n"


def test_a_sentence_and_its_hint_stay_one_line_each(capsys: pytest.CaptureFixture[str]) -> None:
    screen.tell(f"{HOSTILE}\nhint: run this", f"{HOSTILE}\n")
    assert capsys.readouterr().err == f"tokcost: {SHOWN}\\nhint: run this\nhint: {SHOWN}\\n\n"


def test_a_refusal_of_the_command_line_is_escaped_too(tmp_path: Path) -> None:
    environ = {"TOKCOST_HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    for words in (
        ["\x1b[2J"],
        ["--\x1b[2J"],
        ["log", "a", "\x1b[2J"],
        ["hooks", "print", "\x1b[2J"],
        ["log", "--\x1b"],
    ):
        done = piped(words, tmp_path, environ)
        assert done.returncode == 2
        assert "\\x1b" in done.stderr
        assert "\x1b" not in done.stderr


def test_the_words_of_a_users_own_format_stay_and_names_in_it_are_escaped(tmp_path: Path) -> None:
    repository = tmp_path / "re\x1b[2Jpo"
    subprocess.run(["git", "init", "-q", "-b", "bran\u202ech", repository], check=True)
    environ = {"TOKCOST_HOME": str(tmp_path / "home"), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    words = ["status", "--format", "\x1b[32m{branch}\x1b[0m\t{repository}"]
    done = piped(words, repository, environ)
    shown = f"{tmp_path}/re\\x1b[2Jpo"
    assert (done.stderr, done.stdout) == ("", f"\x1b[32mbran\\u202ech\x1b[0m\t{shown}\n")


def test_an_error_that_names_a_hostile_path_is_one_line_of_text(tmp_path: Path) -> None:
    folder = tmp_path / "no\x1b]0;owned\x07\nhint: rm -rf"
    folder.mkdir()
    environ = {"TOKCOST_HOME": str(folder / "file" / "home"), "HOME": str(tmp_path), "PATH": os.environ["PATH"]}
    (folder / "file").write_text("")
    subprocess.run(["git", "init", "-q", tmp_path / "repo"], check=True)
    done = piped(["log"], tmp_path / "repo", environ)
    assert done.returncode == 3
    assert r"no\x1b]0;owned\x07\nhint: rm -rf" in done.stderr
    assert not {"\x1b", "\x07"} & set(done.stderr)
    assert all(line.startswith(("tokcost: ", "hint: ")) for line in done.stderr.splitlines())
    assert not any(line.startswith("hint: rm") for line in done.stderr.splitlines())
