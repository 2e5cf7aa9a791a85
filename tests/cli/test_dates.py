import time
from pathlib import Path

import pytest

from tokcost.errors import UsageError
from tokcost.services.parse_date import since_ms, until_ms

DAY_MS = 86_400_000


@pytest.fixture(autouse=True)
def _outside_any_repository(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("TZ", "Asia/Kolkata")
    time.tzset()


@pytest.mark.parametrize(
    ("words", "days"), [("2.weeks", 14), ("3 days ago", 3), ("2.weeks.ago", 14), ("now", 0), ("Now", 0)]
)
def test_git_itself_reads_the_words(words: str, days: int) -> None:
    assert abs(since_ms(words) - (time.time() * 1000 - days * DAY_MS)) < 5000


def test_a_bare_day_is_a_whole_local_day_because_git_would_take_the_present_time_of_that_day() -> None:
    start = 1_793_471_400_000  # 2026-11-01 00:00 +0530
    assert since_ms("2026-11-01") == start
    assert until_ms("2026-11-01") == start + DAY_MS
    assert until_ms("yesterday") == since_ms("today") == since_ms("yesterday") + DAY_MS


def test_a_moment_with_time_and_zone_is_that_moment() -> None:
    assert since_ms("2026-11-01T10:00:00Z") == until_ms("2026-11-01 10:00:00 +0000") == 1_793_527_200_000
    assert since_ms("@1700000000") == 1_700_000_000_000


def test_noon_is_a_date_word() -> None:
    assert since_ms("noon") % DAY_MS == (12 * 60 - 330) * 60_000


def test_never_is_the_beginning_of_time_as_in_git() -> None:
    assert since_ms("never") == 0


@pytest.mark.parametrize(
    "words", ["gibberish", "banana split", "", "monday", "all", "false", "2026-13-45", "2026-02-30"]
)
def test_what_git_would_silently_make_another_moment_of_is_refused(words: str) -> None:
    with pytest.raises(UsageError, match=r"^--since: git cannot read ") as refusal:
        since_ms(words)
    assert refusal.value.hint
