"""What was purged of a session does not come back from its other source: neither from a log of what was received, nor
as telemetry of what was logged. What the session spends later counts."""

from pathlib import Path
from typing import Any

import pytest

from receivers.serving import claude_event
from receivers.test_the_log_wins import T_MS, Machine
from support.claude_lines import append, assistant, cost_state, counts, iso
from tokcost.ledger.open import open_ledger
from tokcost.model.received import names_of_logged, names_of_received
from tokcost.model.usage import Tokens, Usage
from tokcost.services.purge import PurgeConditions, purge

MINUTE = 60_000


class Purged(Machine):
    """A machine on which sessions are purged."""

    def purge(self, session: str | None = "s-1", **asked: Any) -> None:
        """Delete a session's usage, or what is asked."""
        purge(self.ledger, self.home, PurgeConditions(session=session, **asked))

    def sends(self, *numbers: int, session: str = "s-1", request: bool = True, at: int = T_MS, **more: object) -> None:
        """Telemetry of replies, one a minute."""
        for number in numbers:
            name = {"request_id": f"req_{number}"} if request else {"event.sequence": number}
            moment = {"event.timestamp": iso(at + number * MINUTE)}
            self.receives(claude_event(session, output_tokens=200 + number, **name, **moment, **more))

    def logs(
        self, *numbers: int, session: str = "s-1", request: bool = True, at: int = T_MS, message: str = "msg"
    ) -> None:
        """Lines of the log of the same replies."""
        for number in numbers:
            usage = counts(input=10, cache_read=3000, write_5m=0, write_1h=400, output=200 + number)
            name = f"req_{number}" if request else None
            log = self.log.with_name(f"{session}.jsonl")
            log.parent.mkdir(parents=True, exist_ok=True)
            append(log, assistant(f"{message}_{number}", name, at + number * MINUTE, usage=usage, sessionId=session))

    def replies(self) -> dict[str, list[int]]:
        """The numbers of all replies in the ledger by source, after a look at everything."""
        self.tokens()
        found: dict[str, list[int]] = {}
        with open_ledger(self.ledger) as ledger:
            for source, number in ledger.db.execute("SELECT assistant, output - 200 FROM usage_row ORDER BY 1, 2"):
                found.setdefault(source, []).append(number)
        return found

    def holding(self, word: str) -> list[str]:
        """Files of tokcost in which a word is."""
        files = (path for path in self.ledger.rglob("*") if path.is_file())
        return [path.name for path in files if word.encode() in path.read_bytes()]


@pytest.fixture
def machine(tmp_path: Path) -> Purged:
    return Purged(tmp_path)


@pytest.mark.parametrize("request_id", [True, False])
def test_a_log_that_appears_after_the_purge_of_what_was_received_brings_nothing_back(
    machine: Purged, request_id: bool
) -> None:
    machine.sends(1, 2, request=request_id)
    machine.sends(3, session="s-2")
    assert machine.replies() == {"otel": [1, 2, 3]}
    machine.purge()
    assert machine.holding("s-1") == []
    machine.logs(1, 2, request=request_id)
    for _ in "twice":
        assert machine.replies() == {"otel": [3]}
    assert machine.holding("s-1") == []
    machine.logs(4, request=request_id)
    machine.sends(4, request=request_id)
    for _ in "twice":
        assert machine.replies() == {"claude-code": [4], "otel": [3]}


def test_a_log_that_dates_a_response_by_its_beginning_tells_of_the_same_one(machine: Purged) -> None:
    machine.sends(1, request=False, at=T_MS + 9 * MINUTE)
    machine.sends(2, request=False, at=T_MS - 9 * MINUTE)
    assert machine.replies() == {"otel": [1, 2]}
    machine.purge()
    machine.logs(1, 2, request=False)
    assert machine.replies() == {}
    machine.logs(1, request=False, at=T_MS + 40 * MINUTE, message="other")
    assert machine.replies() == {"claude-code": [1]}


@pytest.mark.parametrize("second", [0, 31, 59])
@pytest.mark.parametrize("apart", [-10, 10])
def test_an_equal_response_is_another_one_if_it_is_further_away_than_two_records_of_one(
    machine: Purged, second: int, apart: int
) -> None:
    moment = T_MS + 1000 * second
    machine.sends(1, request=False, at=moment)
    assert machine.replies() == {"otel": [1]}
    machine.purge()
    machine.logs(1, request=False, at=moment + apart * MINUTE)
    assert machine.replies() == {}
    machine.logs(1, request=False, at=moment + apart * MINUTE * 11 // 10, message="other")
    assert machine.replies() == {"claude-code": [1]}


def test_time_and_counts_alone_which_can_be_guessed_name_no_response() -> None:
    usage = Usage("otel", "claude-code/id", T_MS, "m", Tokens(1, 2, 3, 4, 5), "claude-code/")
    assert names_of_received(usage) == (("claude-code", "id"),)
    logged = usage._replace(assistant="claude-code", key="id", session="")
    assert set(names_of_logged(logged, is_session_received=True)) == {("claude-code", "id")}


def test_only_what_was_purged_of_a_session_is_left_out_of_its_log(machine: Purged) -> None:
    machine.sends(1, 2, 3)
    assert machine.replies() == {"otel": [1, 2, 3]}
    machine.purge(None, before_ms=T_MS + 3 * MINUTE)
    assert machine.replies() == {"otel": [3]}
    machine.logs(1, 2, 3)
    for _ in "twice":
        assert machine.replies() == {"claude-code": [3]}


def test_a_copy_in_the_log_of_a_resumed_session_brings_nothing_back(machine: Purged) -> None:
    machine.sends(1)
    assert machine.replies() == {"otel": [1]}
    machine.purge()
    machine.logs(1, 2, session="s-2")
    assert machine.replies() == {"claude-code": [2]}


def test_a_log_whose_total_contains_what_was_purged_as_received_does_not_bring_it_back(machine: Purged) -> None:
    machine.sends(1)
    assert machine.replies() == {"otel": [1]}
    machine.purge()
    machine.logs(1, 2)
    append(machine.log, cost_state("s-1", **{"claude-sonnet-4-5": {"input": 900, "output": 90_000}}))
    for _ in "twice":
        assert machine.replies() == {"claude-code": [2]}


@pytest.mark.parametrize("request_id", [True, False])
def test_telemetry_that_arrives_after_the_purge_of_a_log_brings_nothing_back(machine: Purged, request_id: bool) -> None:
    machine.logs(1, 2, request=request_id)
    machine.logs(3, session="s-2")
    assert machine.replies() == {"claude-code": [1, 2, 3]}
    machine.purge()
    machine.sends(1, 2, request=request_id)
    for _ in "twice":
        assert machine.replies() == {"claude-code": [3]}
    machine.sends(4, session="s-3")
    assert machine.replies() == {"claude-code": [3], "otel": [4]}
    machine.logs(5, request=request_id)
    machine.sends(5, request=request_id)
    for _ in "twice":
        assert machine.replies() == {"claude-code": [3, 5], "otel": [4]}


def test_what_both_sources_told_before_the_purge_comes_back_from_neither(machine: Purged) -> None:
    machine.sends(1)
    machine.logs(1, 2)
    assert machine.replies() == {"claude-code": [1, 2]}
    machine.purge()
    machine.sends(1, 2)
    append(machine.log, "")
    for _ in "twice":
        assert machine.replies() == {}


@pytest.mark.parametrize("logged_first", [True, False])
def test_what_was_purged_twice_in_either_order_comes_back_from_neither_source(
    machine: Purged, logged_first: bool
) -> None:
    sources = [machine.logs, machine.sends]
    for tells in sources if logged_first else reversed(sources):
        tells(1)
        machine.replies()
        machine.purge(None, all=True)
    for tells in sources:
        tells(1)
        assert machine.replies() == {}


def test_a_lost_ledger_brings_back_nothing_that_was_purged_as_received(machine: Purged) -> None:
    machine.sends(1)
    machine.replies()
    machine.purge()
    machine.logs(1, 2)
    assert machine.replies() == {"claude-code": [2]}
    for path in machine.ledger.glob("ledger.db*"):
        path.unlink()
    assert machine.replies() == {"claude-code": [2]}
