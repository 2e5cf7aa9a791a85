"""The local day, which budgets and rules of a day go by."""

import time
from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from tokcost.model.local_day import midnight_ms, next_midnight_ms


@pytest.fixture
def zone(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("TZ", request.param)
    time.tzset()
    yield
    monkeypatch.undo()
    time.tzset()


def ms(text: str) -> int:
    return int(datetime.fromisoformat(text).replace(tzinfo=UTC).timestamp() * 1000)


@pytest.mark.parametrize(
    ("zone", "now", "begins", "ends"),
    [
        pytest.param("UTC", "2026-11-27T00:00", "2026-11-27T00:00", "2026-11-28T00:00", id="the first moment"),
        pytest.param("UTC", "2026-11-30T23:59:59.999", "2026-11-30T00:00", "2026-12-01T00:00", id="a month's last"),
        pytest.param("Asia/Tokyo", "2026-11-27T14:59", "2026-11-26T15:00", "2026-11-27T15:00", id="Tokyo, before"),
        pytest.param("Asia/Tokyo", "2026-11-27T15:00", "2026-11-27T15:00", "2026-11-28T15:00", id="Tokyo, after"),
        pytest.param("America/Los_Angeles", "2026-12-01T07:59", "2026-11-30T08:00", "2026-12-01T08:00", id="west"),
        pytest.param("Asia/Kolkata", "2026-11-27T18:30", "2026-11-27T18:30", "2026-11-28T18:30", id="half an hour"),
        pytest.param("Europe/Berlin", "2026-03-29T10:00", "2026-03-28T23:00", "2026-03-29T22:00", id="23 hours"),
        pytest.param("Europe/Berlin", "2026-03-29T00:30", "2026-03-28T23:00", "2026-03-29T22:00", id="before the gap"),
        pytest.param("Europe/Berlin", "2026-10-25T12:00", "2026-10-24T22:00", "2026-10-25T23:00", id="25 hours"),
        pytest.param("Europe/Berlin", "2026-10-25T00:30", "2026-10-24T22:00", "2026-10-25T23:00", id="02:30 once"),
        pytest.param("Europe/Berlin", "2026-10-25T01:30", "2026-10-24T22:00", "2026-10-25T23:00", id="02:30 again"),
        pytest.param("America/Los_Angeles", "2026-03-08T20:00", "2026-03-08T08:00", "2026-03-09T07:00", id="west, 23"),
        pytest.param("Africa/Cairo", "2026-04-24T12:00", "2026-04-23T22:00", "2026-04-24T21:00", id="no midnight"),
        pytest.param("Africa/Cairo", "2026-04-23T12:00", "2026-04-22T22:00", "2026-04-23T22:00", id="none tomorrow"),
        pytest.param("America/Havana", "2026-11-01T12:00", "2026-11-01T04:00", "2026-11-02T05:00", id="two midnights"),
        pytest.param("America/Havana", "2026-11-01T05:30", "2026-11-01T04:00", "2026-11-02T05:00", id="the second"),
        pytest.param(
            "Australia/Lord_Howe", "2026-04-05T02:00", "2026-04-04T13:00", "2026-04-05T13:30", id="30 minutes"
        ),
    ],
    indirect=["zone"],
)
@pytest.mark.usefixtures("zone")
def test_a_day_is_that_of_the_persons_clock_also_where_clocks_change(now: str, begins: str, ends: str) -> None:
    assert midnight_ms(ms(now)) == ms(begins)
    assert next_midnight_ms(ms(now)) == ms(ends)
