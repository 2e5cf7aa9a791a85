"""Every face writes an amount in one way, and says what it leaves open."""

import json
from pathlib import Path
from typing import Any

from support.make_editor_states import CASES, FILE, states, text
from tokcost.model.claims import Terms, Worth
from tokcost.model.drivers import Explanation, Part, Repriced
from tokcost.model.figures import Figures
from tokcost.model.money import NANO_PER_USD
from tokcost.model.status import Status
from tokcost.model.trailer import Line
from tokcost.reports.amounts import Marks, marked
from tokcost.reports.drivers import as_lines, findings, largest_text, why_lines
from tokcost.reports.editor import lens_text, line_meaning
from tokcost.reports.layout import plain
from tokcost.reports.status import formatted, status_line
from tokcost.reports.trailers import ahead_text, consent_text, pending_text
from tokcost.reports.words import english

SHARED: list[dict[str, Any]] = json.loads(
    (Path(__file__).parent.parent.parent / "vscode-client/test/amounts.json").read_text(encoding="utf-8")
)


def test_an_amount_is_written_as_the_extension_writes_it() -> None:
    for case in SHARED:
        marks = Marks(*(case.get(name, 0) for name in ("unpriced", "estimated", "lowerBound", "brokenOff")))
        assert marked(int(case["list_cost"].replace(".", "")), marks) == case["text"]


def test_the_extension_is_tested_with_the_states_that_the_server_tells() -> None:
    assert FILE.read_text(encoding="utf-8") == text(), "PYTHONPATH=tests python -m support.make_editor_states"


def test_no_text_for_an_editor_leaves_a_mark_out() -> None:
    for state in states():
        told = state["status"]
        rows = {row["label"]: row["value"] for row in told["tooltip"]}
        page = (told.get("page") or {}).get("branch") or {}
        texts = [told["text"], told["line"], *(rows.get(label, "") for label in ("List cost", "Pending", "Today"))]
        if page:
            texts += [page["amount"], page["pending_amount"], page["commits"][0]["amount"]]
            texts += [one["amount"] for split in ("models", "days", "parts") for one in page[split].values()]
        for mark in state["marks"]:
            assert [one for one in texts if mark not in one] == [], (state["name"], mark)
            assert {"\u2265": "at least", "\u2248": "about"}.get(mark, mark) in told["accessible"]
        if state["name"] in ("nothing priced", "no logs", "error"):
            shown = {**told, "page": {"branch": page}}  # a driver of nothing is passed over
            assert "$0.00" not in json.dumps(shown), state["name"]


def test_a_dollar_sign_stands_before_each_amount_of_a_line() -> None:
    figures = CASES["all of it"][0]
    status = Status(
        "feat/x", "/r", figures.list_cost, figures.pending_list_cost, 9, estimates=figures.estimates, broken_off=2
    )
    assert status_line(status) == "feat/x  ≈$43.00 list (2 broken off)  (≈$43.00 estimated)"
    assert formatted(status, "{list_cost}") == "≈$43.00 (2 broken off)"
    assert status_line(Status("feat/x", "/r", no_logs=("claude-code",))) == "feat/x  no logs"


def test_a_line_of_a_usual_branch_has_room_in_72_columns() -> None:
    models = "claude-opus-4-5-20251101", "claude-haiku-4-5-20251001", "gpt-5.1-codex-2025-11-13"
    cents = 10_000_000
    status = Status("feat/checkout-discounts", "/r", 4310 * cents, 120 * cents, 10**6, models=models)
    line = status_line(status._replace(today_list_cost=1842 * cents, lower_bound=3, pending_tokens=9))
    assert line == "feat/checkout-discounts  ≥$43.10 list  ($1.20 pending)  today $18.42"
    assert len(line) <= 72
    assert formatted(status, "{models}") == "opus-4-5, haiku-4-5, gpt-5.1-codex"


def test_hover_lens_and_preview_say_what_the_figures_of_a_line_leave_open() -> None:
    worth = Worth(43 * NANO_PER_USD, 1200, 500, (), lower_bound=2, broken_off=1)
    said = "≥$43.00 list + unpriced (1 broken off), 1.2k tokens"
    assert pending_text(worth) == said
    assert said in lens_text([], worth, "feat/x", english)
    assert lens_text([worth], Worth(0, 0, 0, ()), "feat/x", english).startswith(f"tokcost: this commit carries {said}")
    line = Line("7k3qf9x2m4tc", 1, 50 * NANO_PER_USD, False, 1000, ())
    assert any(said in sentence for sentence in line_meaning(line, worth, 1, False, english))


def test_figures_of_nothing_are_nothing() -> None:
    assert marked(Figures().list_cost, Marks()) == "$0.00"


def test_what_a_log_tells_the_least_of_is_never_called_exact() -> None:
    worth = Worth(CASES["lower bound"][0].list_cost, 1200, 0, (), lower_bound=2)
    line = Line("7k3qf9x2m4tc", 1, 2 * NANO_PER_USD, False, 1000, ("x",))
    said = [
        ahead_text("main", ["AI-Cost: x"], worth, Worth(0, 0, 0, ())),
        consent_text(["AI-Cost: x"], worth, Terms()),
        lens_text([worth], Worth(0, 0, 0, ()), "main", english),
        *line_meaning(line, worth, 1, False, english),
    ]
    assert [text for text in said if "exact" in text.replace("exact amounts", "")] == []
    assert sum("a lower bound, stays here" in text for text in said) == 3
    assert any("as far as the log shows: ≥$43.00 list" in text for text in said)


def test_the_output_that_drove_a_cost_is_a_lower_bound_where_the_log_tells_only_the_least() -> None:
    found = Explanation()
    found.drivers["visible_output"] = found.total = Part(NANO_PER_USD, 1000, 2)
    assert largest_text(found) == "visible output, 100% ($1.00)"
    found.drivers["visible_output"] = found.total = Part(NANO_PER_USD, 1000, 2, lower_bound=1)
    assert largest_text(found) == "visible output, 100% (≥$1.00)"
    assert [text.split(",")[0] for _, text in findings(found)] == ["≥$1.00"]


def test_each_row_of_what_drove_a_cost_is_marked_where_its_own_sum_is_a_lower_bound_or_estimated() -> None:
    found = Explanation()
    found.drivers["cache_read"] = Part(3_000_000_000, 900, 2)
    found.drivers["visible_output"] = Part(1_000_000_000, 100, 2, lower_bound=1)
    found.drivers["estimated_counts"] = Part(500_000_000, 50, 1, estimated=1)
    found.total = Part(4_500_000_000, 1050, 3, lower_bound=1, estimated=1)
    found.shares["subagents"] = Part(4_000_000, 10, 1, lower_bound=1)
    found.as_other = [Repriced("haiku", 2_000_000_000, 4_500_000_000, 3, 0, lower_bound=1)]
    rows = [line.partition("  ") for line in plain(why_lines("all", found, None)).splitlines()[3:8]]
    assert {name: rest.split()[0] for name, _, rest in rows} == {
        "cache read": "$3.00",
        "visible output": "≥$1.00",
        "estimated counts": "≈$0.50",
        "together": "≥≈$4.50",
        "of it sub-agents": "≥$<0.01",
    }
    assert plain(why_lines("all", found, None)).startswith("all: ≥≈$4.50 list, 3 responses")
    assert "≥$2.00" in plain(as_lines(found, None))
