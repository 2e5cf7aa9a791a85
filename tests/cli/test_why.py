"""`tokcost why` as a process: table, sentences, JSON, CSV, refusals."""

import csv
import io
import json
from decimal import Decimal
from pathlib import Path

import pytest

from support.machine import Machine
from support.terminal import on_terminal, piped
from support.worked import Worked
from tokcost.model.drivers import DRIVERS


@pytest.fixture(scope="module")
def worked(tmp_path_factory: pytest.TempPathFactory) -> Worked:
    """Work with pauses, a switch of the model, a long prompt and a model without a price."""
    worked = Worked(tmp_path_factory.mktemp("worked"))
    worked.request(input=100, write=50_000, output=500)
    for minutes in (6, 9, 12, 25, 40):
        worked.request(minutes, write=52_000, output=500)
    worked.request(write=52_000, model="claude-opus-4-5")
    worked.request(input=5, output=5, model="some-model-of-our-own")
    worked.explain()
    return worked


def said(worked: Worked, *words: str) -> str:
    done = worked.repo.tokcost("why", *words)
    assert (done.returncode, done.stderr) == (0, "")
    return done.stdout


def test_a_table_shows_the_drivers_dearest_first_and_what_stands_beside_them(worked: Worked) -> None:
    lines = said(worked).splitlines()
    assert lines[0] == "this repository: $1.53 list + unpriced, 8 responses, 365k tokens"
    labels = [line[:25].strip() for line in lines[3:8]]
    assert labels[:2] == ["cache lost: pause", "cache lost: model switch"]
    assert lines[8].startswith("together")
    assert lines[9].split()[-3:] == ["unpriced", "10", "1"]


def test_a_sentence_names_what_stands_out_with_its_figure(worked: Worked) -> None:
    text = said(worked)
    assert "\n$0.97, 63%: the cache expired 5 times, after pauses of 6 to 40 minutes.\n" in text
    assert "\n$0.33, 21%: the model was switched once, and each has its own cache.\n" in text
    assert "Not included: 1 response with 10 tokens without a known price." in text


def test_the_json_form_has_every_driver_and_they_add_up(worked: Worked) -> None:
    found = json.loads(said(worked, "main", "--json"))
    assert (found["schema"], found["scope"], found["branch"]) == ("tokcost.why/1", "branch main", "main")
    assert [one["driver"] for one in found["drivers"]] == list(DRIVERS)
    assert sum(Decimal(one["list_cost"]) for one in found["drivers"]) == Decimal(found["list_cost"]) > 0
    assert sum(one["tokens"] for one in found["drivers"]) == found["tokens"]
    assert (found["unpriced_tokens"], found["unpriced_requests"]) == (10, 1)
    assert found["pauses"] == [{"minutes": minutes, "requests": 1} for minutes in (6, 9, 12, 25, 40)]
    assert found["as"] == []
    log = json.loads(worked.repo.tokcost("log", "--json").stdout)
    assert log["totals"]["list_cost"] == found["list_cost"]


def test_the_csv_form_has_a_row_for_each_driver_and_share(worked: Worked) -> None:
    rows = list(csv.DictReader(io.StringIO(said(worked, "--csv", "--as", "claude-haiku-4-5"))))
    assert {row["kind"] for row in rows} == {"driver", "share", "unpriced", "as"}
    (unpriced,) = [row for row in rows if row["kind"] == "unpriced"]
    assert (unpriced["list_cost"], unpriced["tokens"]) == ("", "10")


def test_other_prices_are_shown_with_what_they_are_not(worked: Worked) -> None:
    text = said(worked, "--as", "claude-haiku-4-5", "--as", "cheapest-of-family")
    assert "claude-haiku-4-5        $0.47  69% less\n" in text
    assert "Same tokens, another price: no prediction." in text
    found = json.loads(said(worked, "--as", "claude-haiku-4-5", "--json"))
    (row,) = found["as"]
    assert (row["model"], row["list_cost"]) == ("claude-haiku-4-5", "0.467600000")
    assert found["as_note"].startswith("Same tokens, another price: no prediction.")


def test_a_narrow_terminal_loses_columns_and_no_row(worked: Worked) -> None:
    environ = {name: value for name, value in worked.repo.environ.items() if name != "COLUMNS"}
    text = on_terminal(["why", "--no-pager"], worked.repo.path, environ | {"TERM": "dumb"}, 60)
    assert [line for line in text.splitlines() if len(line) > 60] == []
    assert "together" in text


def test_a_branch_without_usage_is_told_and_is_no_error(worked: Worked) -> None:
    assert "No usage on branch feat/none" in said(worked, "feat/none")
    assert "The ledger has no usage on branch feat/none" in said(worked, "feat/none", "--no-refresh")


def test_outside_of_a_repository_all_repositories_and_sessions_can_still_be_asked_for(
    worked: Worked, tmp_path: Path
) -> None:
    refused = worked.repo.tokcost("why", cwd=tmp_path)
    assert refused.returncode == 3
    assert "--all-repos" in refused.stderr
    for words in (["--all-repos"], ["--session", "session-1"]):
        done = worked.repo.tokcost("why", *words, "--json", cwd=tmp_path)
        assert json.loads(done.stdout)["requests"] == 7


@pytest.mark.parametrize(
    ("words", "reason"),
    [
        (["--json", "--csv"], "cannot be used together"),
        (["main", "--all-repos"], "cannot be used together"),
        (["--since", "2026-10-02", "--until", "2026-10-01"], "is not before"),
        (["--session", "nobody"], "no session begins with nobody"),
        (["--as", "no-such-model"], "no price is known for the model no-such-model"),
    ],
)
def test_what_cannot_be_meant_is_refused(worked: Worked, words: list[str], reason: str) -> None:
    done = worked.repo.tokcost("why", *words)
    assert (done.returncode, done.stdout) == (2, "")
    assert reason in done.stderr


def test_a_machine_without_logs_has_nothing_to_explain(empty_machine: Machine) -> None:
    done = piped(["why"], empty_machine.repo, empty_machine.environ)
    assert done.returncode == 0
    assert "No usage in this repository" in done.stdout
    done = piped(["why", "--json", "--no-refresh"], empty_machine.repo, empty_machine.environ)
    assert json.loads(done.stdout)["list_cost"] == "0.000000000"
