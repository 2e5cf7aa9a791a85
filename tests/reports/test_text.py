import pytest
from hypothesis import given
from hypothesis import strategies as st

from tokcost.reports.text import ago, clip, escape, few, megabytes, pad, short_model, width


@given(st.text(), st.integers(3, 60))
def test_a_clipped_name_is_never_wider_than_its_room(name: str, room: int) -> None:
    safe = escape(name)
    assert width(clip(safe, room)) <= room
    assert width(pad(clip(safe, room), room)) == room


def test_a_clipped_name_keeps_both_ends() -> None:
    assert clip("feature/payments/retry-4711", 13) == "featur…y-4711"


@given(st.text(alphabet=st.characters(categories=["Cc", "Cf", "Cs", "Zl", "Zp"])))
def test_nothing_that_could_move_the_cursor_survives(name: str) -> None:
    assert escape(name).isascii()
    assert escape(name).isprintable()


def test_ordinary_names_stay_as_they_are() -> None:
    for name in ("feat/x", "ünïcode", "漢字", "a b", "emoji-🎉"):
        assert escape(name) == name


@pytest.mark.parametrize(
    ("model", "short"),
    [
        ("claude-opus-4-5-20251101", "opus-4-5"),
        ("openrouter/anthropic/claude-sonnet-4-5", "sonnet-4-5"),
        ("gpt-4o-2024-08-06", "gpt-4o"),
        ("claude-3-5-haiku@20241022", "3-5-haiku"),
        ("gpt-5.1-codex", "gpt-5.1-codex"),
        ("", ""),
    ],
)
def test_models_lose_only_what_does_not_tell_them_apart(model: str, short: str) -> None:
    assert short_model(model) == short


def test_names_are_said_once_and_the_rest_is_counted() -> None:
    assert few(["a", "a", "b", "c", "d"], 2) == "a, b +2"


@pytest.mark.parametrize(
    ("seconds", "said"),
    [
        (-5, "in the future"),
        (0, "0 seconds ago"),
        (89, "89 seconds ago"),
        (90, "2 minutes ago"),
        (89 * 60, "89 minutes ago"),
        (90 * 60, "2 hours ago"),
        (35 * 3600, "35 hours ago"),
        (36 * 3600, "2 days ago"),
        (13 * 86400, "13 days ago"),
        (14 * 86400, "2 weeks ago"),
        (70 * 86400, "2 months ago"),
        (364 * 86400, "12 months ago"),
        (400 * 86400, "1 year, 1 month ago"),
        (6 * 365 * 86400, "6 years ago"),
    ],
)
def test_ages_are_told_as_git_tells_them(seconds: int, said: str) -> None:
    assert ago(0, seconds * 1000) == said


@pytest.mark.parametrize(
    ("size", "said"),
    [(0, "0 MB"), (1, "<0.1 MB"), (49_999, "<0.1 MB"), (50_000, "0.1 MB"), (1_234_567_890, "1,234.6 MB")],
)
def test_a_small_size_is_not_nothing(size: int, said: str) -> None:
    assert megabytes(size) == said
