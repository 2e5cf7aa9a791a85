"""What people and scripts are told of usage whose counts no provider told."""

import csv
import io
import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from support.guesser import TOKENS, Guesser, installed
from support.hooked import Hooked


@pytest.fixture
def repo(tmp_path: Path) -> Hooked:
    return Hooked(tmp_path, rooted=True, forks=True)


@pytest.fixture
def guesser(repo: Hooked, tmp_path: Path) -> Iterator[Guesser]:
    """One reply that was told, and one that was estimated."""
    with installed(tmp_path, repo) as found:
        found.reply()
        found.guess()
        yield found


def said(repo: Hooked, *words: str) -> str:
    done = repo.tokcost(*words)
    assert (done.returncode, done.stderr) == (0, ""), done
    return done.stdout


def ask(repo: Hooked) -> None:
    repo.git("config", "--local", "tokcost.estimates", "true")


def estimated(row: dict[str, Any]) -> tuple[object, ...]:
    names = ("estimated_counts", "estimated_counts_tokens", "estimated_counts_list_cost", "pending_estimated_list_cost")
    return tuple(row[name] for name in names)


def test_the_table_marks_what_is_in_part_estimated_and_says_that_it_is_not_published(
    repo: Hooked, guesser: Guesser
) -> None:
    repo.change()
    repo.hooked("-m", "Work")
    found = " ".join(said(repo, "log").split())
    assert "* main ≈$10.00 ≈$5.00 ≈2.0M" in found
    assert "branches ≈$10.00 + unplaced $0.00 = total ≈$10.00 list, ≈2,000,000 tokens" in found
    assert "in claims: carried $5.00; pending ≈$5.00 list" in found
    assert (
        "estimated counts (≈): 1 response whose counts no provider reported, $5.00 list and 1.0M tokens in the sum"
        in found
    )
    assert "no cost line and no budget counts them (`git config tokcost.estimates true` changes that)" in found
    of_branch = " ".join(said(repo, "log", "main").split())
    assert "list cost ≈$10.00, ≈$5.00 of it pending" in of_branch
    assert "1 commit $5.00 + pending ≈$5.00 = ≈$10.00 list" in of_branch
    assert "pending ≈$5.00 ≈1.0M" in of_branch


def test_where_estimates_are_published_the_table_says_so_and_marks_the_commit(repo: Hooked, guesser: Guesser) -> None:
    ask(repo)
    repo.change()
    repo.hooked("-m", "Work")
    found = " ".join(said(repo, "log", "main").split())
    assert "in the sum; cost lines and budgets count them" in found
    assert f"{repo.id()[:7]} ≈$10.00 ≈2.0M" in found
    assert "1 commit ≈$10.00 + pending $0.00 = ≈$10.00 list" in found


def test_without_estimates_nothing_is_marked(repo: Hooked, tmp_path: Path) -> None:
    with installed(tmp_path, repo) as guesser:
        guesser.reply()
        told = [said(repo, *words) for words in (("log",), ("log", "main"), ("status",), ("preview",), ("doctor",))]
    assert not [text for text in told if "≈" in text or "estimated" in text]


@pytest.mark.few
@pytest.mark.parametrize("words", [(), ("main",), ("--by", "day"), ("--since", "2020-01-01"), ("--by", "session")])
def test_json_counts_estimates_beside_lower_bounds_in_every_view(
    repo: Hooked, guesser: Guesser, words: tuple[str, ...]
) -> None:
    found = json.loads(said(repo, "log", "--json", *words))
    (row,) = found["branches"]
    one = (1, TOKENS, "5.000000000", "5.000000000")
    assert estimated(row) == estimated(found["totals"]) == estimated(row["models"]["claude-opus-4-5"]) == one
    assert estimated(row["assistants"]["guesser"]) == one
    assert estimated(found["unplaced"])[0] == row["lower_bound"] == 0
    assert found["takes_estimates"] is False
    for kept in ([*row.get("days", {}).values()], found.get("sessions", [])):
        assert not kept or sum(day["estimated_counts"] for day in kept) == 1
    ask(repo)
    assert json.loads(said(repo, "log", "--json"))["takes_estimates"] is True


def test_an_estimate_that_a_commit_carries_is_pending_no_more(repo: Hooked, guesser: Guesser) -> None:
    ask(repo)
    repo.change()
    repo.hooked("-m", "Work")
    (row,) = json.loads(said(repo, "log", "--json"))["branches"]
    assert estimated(row) == (1, TOKENS, "5.000000000", "0.000000000")
    assert [commit["has_estimates"] for commit in row["commits"]] == [True]


def test_csv_has_columns_for_estimates_and_no_mark(repo: Hooked, guesser: Guesser) -> None:
    (row,) = csv.DictReader(io.StringIO(said(repo, "log", "--csv")))
    assert (row["estimated_counts"], row["estimated_counts_list_cost"], row["estimated_counts_tokens"]) == (
        "1",
        "5.000000000",
        str(TOKENS),
    )
    assert row["list_cost"] == "10.000000000"


def test_an_estimate_on_no_branch_is_marked_where_it_is_told(repo: Hooked, guesser: Guesser) -> None:
    repo.git("checkout", "-q", "--detach")
    guesser.guess()
    found = json.loads(said(repo, "log", "--json"))
    assert estimated(found["unplaced"]) == (1, TOKENS, "5.000000000", "0.000000000")
    assert "unplaced: ≈$5.00 list, ≈1.0M tokens on no known branch" in said(repo, "log")


def test_status_shows_apart_what_the_next_commit_leaves(repo: Hooked, guesser: Guesser) -> None:
    assert said(repo, "status").startswith("main  ≈$10.00 list  ($5.00 pending)  (≈$5.00 estimated)")
    assert said(repo, "status", "--format", "{list_cost} {pending} {tokens}") == "≈$10.00 $5.00 ≈2.0M\n"
    found = json.loads(said(repo, "status", "--json"))
    assert estimated(found) == (1, TOKENS, "5.000000000", "5.000000000")
    assert (found["takes_estimates"], found["pending_list_cost"]) == (False, "10.000000000")
    ask(repo)
    assert said(repo, "status").startswith("main  ≈$10.00 list  (≈$10.00 pending)")


def test_preview_says_what_a_commit_leaves(repo: Hooked, guesser: Guesser) -> None:
    found = said(repo, "preview")
    assert "AI-Cost: 5.0000 USD list; 1000000 tokens;" in found
    assert "pending on main: $5.00 list, 1.0M tokens" in found
    left = "estimated: ≈$5.00 list, ≈1.0M tokens pending, in no cost line (`git config tokcost.estimates true`"
    assert left in found
    assert json.loads(said(repo, "preview", "--json"))["estimated"] == {"tokens": TOKENS, "list_cost": "5.000000000"}
    repo.change()
    repo.hooked("-m", "Work")
    found = said(repo, "preview")
    assert "A commit made now on main carries no line." in found
    assert left in found
    ask(repo)
    found = said(repo, "preview")
    assert "pending on main: ≈$5.00 list, ≈1.0M tokens" in found
    assert "models named, estimates too" in found


def test_doctor_counts_estimates_by_assistant(repo: Hooked, guesser: Guesser) -> None:
    said(repo, "log")
    assert "1 x guesser: no provider reported the counts (≈)" in " ".join(said(repo, "doctor").split())


def test_all_repositories_together_close_and_mark(repo: Hooked, guesser: Guesser) -> None:
    found = said(repo, "log", "--all-repos", "--by", "model")
    assert "= total ≈$10.00 list" in found
    assert "no cost line and no budget counts them" in " ".join(found.split())
