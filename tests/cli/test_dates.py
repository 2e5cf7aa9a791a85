import re
import time
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

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


MISREAD = """20250101 0 12 2025 2025-06 2025-11 1969-01-01 2100-01-01 2999-01-01 26-11-01 1.1.25 1/2 @0
@123 @99999999999 1763000000000 2026-W45 2026-13-45 2026-02-30 2026-11-01x 31.2.2026
2/31/2026 gibberish monday all false june"""
"""What git takes for now, or for a day that nobody meant."""


@pytest.mark.parametrize(
    "words",
    [
        *MISREAD.split(),
        *(
            "",
            "banana split",
            "3 banana ago",
            "5 minuts ago",
            "2.wekes",
            "last fridya",
            "last friday 2025",
            "june 2025",
        ),
        *(
            "2 weeks 3",
            "yesterday 25:00",
            "2026-11-01 10:99",
            "2026-11-31 10:00",
            "2026-11-27T10:00:00+99:00",
            "feb 29",
        ),
    ],
)
def test_what_git_would_silently_make_another_moment_of_is_refused(words: str) -> None:
    for read in (since_ms, until_ms):
        with pytest.raises(UsageError, match=r"^--(since|until): git cannot read ") as refusal:
            read(words)
        assert refusal.value.hint


@pytest.mark.parametrize(
    "words", ["11/1/2026", "1.11.2026", "2026/11/01", "2026-11-1", "Nov 1, 2026", "Sun, 1 Nov 2026"]
)
def test_a_day_is_a_whole_day_in_every_notation(words: str) -> None:
    assert (since_ms(words), until_ms(words)) == (1_793_471_400_000, 1_793_471_400_000 + DAY_MS)


@given(st.integers(DAY_MS // 1000, 4_102_000_000))
def test_an_absolute_moment_is_never_another_one(second: int) -> None:
    moment = datetime.fromtimestamp(second, UTC)
    for form in ("%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%d %H:%M:%S +0000", "%a, %d %b %Y %H:%M:%S +0000"):
        assert since_ms(moment.strftime(form)) == second * 1000


@given(st.text(alphabet="0123456789-/.:@ TZ+agowekdysminuthrlnov", max_size=14))
def test_whatever_is_understood_is_a_moment_that_its_figures_name(words: str) -> None:
    """Four figures in a row that are understood are the year, and no text stands for the present unless it says so."""
    try:
        found = since_ms(words)
    except UsageError:
        return
    year = re.search(r"(?<!\d)(\d{4})(?!\d)", re.sub(r"[+-]\d{4}$", "", words.strip()))
    if year and not re.search(r"\d{4}[\s.,_]*[smhdwy]", words):
        assert abs(datetime.fromtimestamp(found / 1000, UTC).year - int(year[1])) <= 1
