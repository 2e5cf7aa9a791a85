"""Received responses count where no log tells of their session, and never beside one that does."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from receivers.serving import Serving, claude_event, logs
from support import warm
from support.claude_lines import append, assistant, counts, iso, write
from tokcost.ledger.open import open_ledger
from tokcost.ledger.rollup import disagreements
from tokcost.services.refresh import refresh

T_MS = 1_795_773_600_000
"""The time of `claude_event`."""
RECEIVED = 10 + 3000 + 400 + 200


class Machine:
    """A home folder with Claude Code's logs, a ledger, and a receiver."""

    def __init__(self, path: Path) -> None:
        self.home, self.ledger = path / "home", path / "tokcost"
        self.log = self.home / ".claude/projects/repo/s-1.jsonl"
        self.home.mkdir()

    def receives(self, *events: dict[str, Any]) -> None:
        """Post events to a receiver."""
        with Serving(self.ledger) as serving:
            assert serving.post("/v1/logs", logs(*events)) == 200

    def line(self, number: int = 1, session: str = "s-1", output: int = 200) -> dict[str, Any]:
        """A line of the log that tells of the same response as `claude_event`."""
        usage = counts(input=10, cache_read=3000, write_5m=400, write_1h=0, output=output)
        return assistant(f"msg_{number}", f"req_{number}", T_MS, usage=usage, sessionId=session, timestamp=iso(T_MS))

    def run(self, *words: str) -> "subprocess.CompletedProcess[str]":
        """Run tokcost."""
        environ = {"PATH": os.environ["PATH"], "HOME": str(self.home), "TOKCOST_HOME": str(self.ledger)}
        return warm.tokcost(*words, cwd=self.home, env=environ)

    def tokens(self) -> dict[str, int]:
        """Tokens by assistant, after a look at everything; kept sums agree with their rows."""
        refresh(self.ledger, {"HOME": str(self.home), "TOKCOST_HOME": str(self.ledger)})
        with open_ledger(self.ledger) as ledger:
            assert disagreements(ledger) == []
            query = (
                "SELECT assistant, sum(input + cache_read + cache_write_5m + cache_write_1h + output) FROM usage_row"
            )
            return dict(ledger.db.execute(f"{query} GROUP BY 1").fetchall())


@pytest.fixture
def machine(tmp_path: Path) -> Machine:
    return Machine(tmp_path)


def test_a_session_without_a_log_counts_as_received_and_what_was_sent_twice_counts_once(
    machine: Machine,
) -> None:
    machine.receives(claude_event(), claude_event())
    machine.receives(claude_event())
    assert machine.tokens() == {"otel": RECEIVED}


def test_a_log_that_was_read_before_wins(machine: Machine) -> None:
    write(machine.log, machine.line())
    assert machine.tokens() == {"claude-code": RECEIVED}
    machine.receives(claude_event())
    assert machine.tokens() == {"claude-code": RECEIVED}


def test_a_log_that_comes_later_takes_back_what_was_received_of_its_session_alone(machine: Machine) -> None:
    machine.receives(claude_event(), claude_event("s-2"))
    assert machine.tokens() == {"otel": 2 * RECEIVED}
    write(machine.log, machine.line())
    assert machine.tokens() == {"claude-code": RECEIVED, "otel": RECEIVED}
    append(machine.log, machine.line(2))
    machine.receives(claude_event(request_id="req_9"))
    assert machine.tokens() == {"claude-code": 2 * RECEIVED, "otel": RECEIVED}


def test_both_found_at_once_count_once(machine: Machine) -> None:
    write(machine.log, machine.line())
    machine.receives(claude_event())
    assert machine.tokens() == {"claude-code": RECEIVED}


def test_the_same_session_id_of_another_assistant_is_another_session(machine: Machine) -> None:
    write(machine.log, machine.line())
    event = claude_event(**{"event.name": "gemini_cli.api_response", "input_token_count": 5, "output_token_count": 7})
    event["body"] = {}
    machine.receives(event)
    assert machine.tokens() == {"claude-code": RECEIVED, "otel": 12}


def test_without_a_session_nobody_knows_whether_a_log_has_it_so_it_does_not_count(machine: Machine) -> None:
    machine.receives(claude_event(""), claude_event("s-2"))
    assert machine.tokens() == {"otel": RECEIVED}


def test_a_check_compares_sessions_and_fails_where_a_log_says_something_else(machine: Machine) -> None:
    assert "Nothing was received yet" in machine.run("otel", "check").stdout
    write(machine.log, machine.line())
    machine.receives(claude_event(), claude_event("s-2"))
    done = machine.run("otel", "check", "--json")
    found = json.loads(done.stdout)
    assert done.returncode == 0
    assert [(one["session"], one["difference"], one["differs"]) for one in found["sessions"]] == [
        ("s-1", 0, False),
        ("s-2", None, False),
    ]
    append(machine.log, machine.line(2, output=1))
    done = machine.run("otel", "check")
    assert done.returncode == 1
    assert "+3,411" in done.stdout
    assert "no log" in done.stdout


def test_tokens_of_another_class_are_a_difference_too(machine: Machine) -> None:
    write(machine.log, machine.line())
    machine.receives(claude_event(input_tokens=11, output_tokens=199))
    done = machine.run("otel", "check")
    assert (done.returncode, "other classes" in done.stdout) == (1, True)
