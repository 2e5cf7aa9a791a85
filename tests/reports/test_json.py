import json
from typing import Any

from support.figures import branch, figures, summary
from tokcost.model.figures import CommitRow
from tokcost.model.status import Status
from tokcost.reports.json import log_json, status_json

FIGURES = {"usage", "tokens", "list_cost", "unpriced_tokens", "pending_list_cost", "first", "last"}
SPLIT = FIGURES | {"assistants", "models"}


def _shown(**change: Any) -> dict[str, Any]:
    made = summary(branch("feat/x", figures(184, 1000, usage=12), current=True), unplaced=figures(1, 10))
    for name, value in change.items():
        setattr(made, name, value)
    return json.loads(log_json([made], all_repos=False))


def test_every_field_of_the_contract_is_there() -> None:
    shown = _shown()
    assert {name: shown[name] for name in ("schema", "repository", "currency", "basis")} == {
        "schema": "tokcost.log/1",
        "repository": "/home/ada/shop",
        "currency": "USD",
        "basis": "list",
    }
    row = shown["branches"][0]
    assert SPLIT | {"branch", "current", "state", "evidence", "commits"} <= row.keys()
    classes = {"input", "cache_read", "cache_write_5m", "cache_write_1h", "output"}
    assert row["tokens"].keys() == classes | {"reasoning", "total"}
    assert row["assistants"]["claude-code"].keys() >= FIGURES
    assert row["models"]["claude-opus-4-5-20251101"].keys() >= FIGURES
    assert shown["unplaced"].keys() >= SPLIT
    assert shown["totals"].keys() >= SPLIT
    assert list(shown["conservation"]) == ["total", "carried", "withheld", "bound", "pending", "unplaced"]
    assert shown["skipped"].keys() >= {"records", "files"}


def test_a_commit_has_the_fields_of_the_contract_and_a_squashed_branch_is_merged() -> None:
    row = branch("feat/x", figures(184, 1000))
    one = CommitRow("1" * 40)
    one.claims, one.list_cost, one.tokens = {"7k3qf9x2m4tc": 2}, 5, 6
    one.published, one.branch, one.time_ms = True, "main", 0
    row.commits = [one]
    row.state, row.squashed, row.carried_on = "merged", True, ("main",)
    shown = json.loads(log_json([summary(row)], all_repos=False))["branches"][0]
    assert shown["commits"] == [
        {
            "commit": "1" * 40,
            "claims": ["7k3qf9x2m4tc"],
            "list_cost": "0.000000005",
            "tokens": 6,
            "unpriced_tokens": 0,
            "has_estimates": False,
            "published": True,
            "versions": {"7k3qf9x2m4tc": 2},
            "branch": "main",
            "copies": [],
            "subject": "",
            "time": "1970-01-01T00:00:00Z",
        }
    ]
    assert (shown["state"], shown["squashed"], shown["carried_on"]) == ("merged", True, ["main"])
    assert shown["conservation"].keys() == {"total", "carried", "withheld", "bound", "pending", "unplaced"}


def test_money_has_nine_places_and_times_are_utc() -> None:
    row = _shown()["branches"][0]
    assert (row["list_cost"], row["pending_list_cost"]) == ("1.840000000", "1.840000000")
    assert (row["first"], row["last"]) == ("2026-11-21T12:00:00Z", "2026-11-23T11:00:00Z")


def test_a_branch_without_usage_has_no_first_and_last() -> None:
    made = summary(branch("new", type(figures(0, 0))(), current=True))
    row = json.loads(log_json([made], all_repos=False))["branches"][0]
    assert (row["usage"], row["first"], row["last"]) == (0, None, None)


def test_the_sum_of_the_conservation_closes_to_the_token() -> None:
    sums = _shown()["conservation"]
    parts = [sums[name] for name in sums if name != "total"]
    assert sum(part["tokens"] for part in parts) == sums["total"]["tokens"] == 1010
    assert sums["total"]["list_cost"] == "1.850000000"


def test_all_repositories_are_an_array_even_when_there_is_one_or_none() -> None:
    assert json.loads(log_json([summary()], all_repos=True))[0]["schema"] == "tokcost.log/1"
    assert json.loads(log_json([], all_repos=True)) == []


def test_a_branch_name_that_is_no_utf8_is_still_valid_ascii_json() -> None:
    text = log_json([summary(branch("caf\udce9\x1b", figures(1, 1)))], all_repos=False)
    assert text.isascii()
    assert "\x1b" not in text
    assert json.loads(text)["branches"][0]["branch"] == "caf\udce9\x1b"


def test_status_is_one_line() -> None:
    text = status_json(Status("main", "/r", list_cost=5, models=("m",)))
    assert "\n" not in text
    assert json.loads(text)["list_cost"] == "0.000000005"


def test_every_tokens_object_has_the_total_of_its_classes_so_that_nobody_adds_reasoning() -> None:
    found: list[dict[str, int]] = []

    def look(value: Any) -> None:
        if isinstance(value, dict):
            if isinstance(value.get("tokens"), dict):
                found.append(value["tokens"])
            for part in value.values():
                look(part)
        elif isinstance(value, list):
            for part in value:
                look(part)

    look(_shown())
    assert len(found) > 4
    for tokens in found:
        total, reasoning = tokens.pop("total"), tokens.pop("reasoning")
        assert total == sum(tokens.values())
        assert reasoning <= tokens["output"]
