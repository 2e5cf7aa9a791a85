import io

import pytest

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
