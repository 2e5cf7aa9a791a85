import errno
import os
from pathlib import Path

import pytest

from tokcost.cli import error_handler
from tokcost.errors import EnvironmentProblem, UsageError
from tokcost.files.private import write_whole


def _raising(problem: BaseException) -> int:
    def action() -> object:
        raise problem

    return error_handler.run(action, {"TOKCOST_HOME": "/nonexistent"})


def test_what_a_command_answers_is_the_exit_code() -> None:
    assert [error_handler.run(lambda answer=answer: answer, {}) for answer in (0, 1, None, "text")] == [0, 1, 0, 0]


def test_a_known_problem_is_one_line_and_a_hint(capsys: pytest.CaptureFixture[str]) -> None:
    assert _raising(EnvironmentProblem("the ledger is locked", "Try again.")) == 3
    assert _raising(UsageError("no such thing", "Name another.")) == 2
    assert capsys.readouterr() == (
        "",
        "tokcost: the ledger is locked\nhint: Try again.\ntokcost: no such thing\nhint: Name another.\n",
    )


def test_an_interrupt_is_130_and_a_reader_that_went_away_is_silence(capsys: pytest.CaptureFixture[str]) -> None:
    assert _raising(KeyboardInterrupt()) == 130
    assert _raising(BrokenPipeError()) == 0
    assert capsys.readouterr() == ("", "")


def test_a_crash_leaves_a_private_log_with_versions_and_place_but_no_content(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def action() -> None:
        try:
            int("my secret prompt")
        except ValueError as error:
            raise RuntimeError("another secret") from error

    home = tmp_path / "home"
    assert error_handler.run(action, {"TOKCOST_HOME": str(home)}) == 3
    (log,) = home.iterdir()
    said = capsys.readouterr().err
    assert said.startswith("tokcost: this is a bug: RuntimeError in test_error_handler.py:")
    assert f"details are in {log}\nhint: Please report it" in said
    assert said.count("\n") == 2
    text = log.read_text()
    assert text.startswith("tokcost ")
    assert "ValueError" in text
    assert "test_error_handler.py" in text
    assert (log.stat().st_mode & 0o777, home.stat().st_mode & 0o777) == (0o600, 0o700)


def test_a_crash_log_shows_no_value_because_messages_quote_what_was_read(tmp_path: Path) -> None:
    def action() -> None:
        int(" ".join(["canary", "words"]))

    error_handler.run(action, {"TOKCOST_HOME": str(tmp_path)})
    assert "canary words" not in next(tmp_path.iterdir()).read_text()


def test_a_crash_without_a_place_for_its_log_says_so_and_what_to_do(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    in_the_way = tmp_path / "file"
    in_the_way.touch()
    assert error_handler.run(lambda: 1 / 0, {"TOKCOST_HOME": str(in_the_way)}) == 3
    said = capsys.readouterr().err
    assert "ZeroDivisionError" in said
    assert f"no crash log could be written: {in_the_way}" in said
    assert said.count("\n") == 2


def test_exceptions_of_the_command_line_library_pass() -> None:
    with pytest.raises(LookupError):
        error_handler.run(lambda: {}["x"], {}, (LookupError,))


@pytest.mark.parametrize("number", [errno.EIO, errno.ENOSPC, errno.EROFS, errno.EACCES])
def test_what_a_disk_says_of_a_file_is_a_sentence_and_no_bug(
    number: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    def action() -> None:
        raise OSError(number, os.strerror(number), "/somewhere/a\nfile")

    assert error_handler.run(action, {"TOKCOST_HOME": str(tmp_path)}) == 3
    said = capsys.readouterr().err
    assert said.startswith(f"tokcost: /somewhere/a\\nfile cannot be used: {os.strerror(number)}\nhint: ")
    assert list(tmp_path.iterdir()) == []


def test_a_write_that_was_killed_leaves_nothing_behind_the_next_one(tmp_path: Path) -> None:
    """Only what is old goes: another process may be writing the same file."""
    path = tmp_path / "settings.json"
    left, at_work = tmp_path / "settings.json.00.tokcost-new", tmp_path / "settings.json.01.tokcost-new"
    others = tmp_path / "other.json.00.tokcost-new"
    for one in (left, at_work, others):
        one.write_bytes(b"half")
    for one in (left, others):
        os.utime(one, (0, 0))
    write_whole(str(path), b"whole")
    assert sorted(one.name for one in tmp_path.iterdir()) == sorted([path.name, at_work.name, others.name])


def test_crash_logs_do_not_pile_up(tmp_path: Path) -> None:
    (tmp_path / "home").mkdir(mode=0o700)
    for number in range(30):
        (tmp_path / "home" / f"crash-20250101T0000{number:02}Z-1.txt").touch()
    assert error_handler.run(lambda: 1 / 0, {"TOKCOST_HOME": str(tmp_path / "home")}) == 3
    logs = sorted(path.name for path in (tmp_path / "home").iterdir())
    assert len(logs) == 10
    assert logs[0] == "crash-20250101T000021Z-1.txt"
