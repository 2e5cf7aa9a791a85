"""What the server tells of a branch in every state that a figure can be in, for the tests of the extension
(`vscode-client/test/states.json`): `PYTHONPATH=tests python -m support.make_editor_states` writes it."""

import json
from pathlib import Path
from typing import Any

from tokcost.lsp.protocol import status_params
from tokcost.model.branch_page import BranchPage
from tokcost.model.budget import Budget, Standing
from tokcost.model.claims import Worth
from tokcost.model.drivers import Explanation
from tokcost.model.figures import BranchRow, CommitRow, Conservation, Estimates, Figures, Split
from tokcost.model.money import NANO_PER_USD
from tokcost.model.status import Status
from tokcost.model.usage import Tokens
from tokcost.services.follow_folders import CostLines, FolderStatus
from tokcost.services.preview import Preview

FILE = Path(__file__).parent.parent.parent / "vscode-client/test/states.json"
DOLLARS = 43 * NANO_PER_USD
MODEL = "claude-opus-4-5-20251101"
PLAIN = Figures(3, Tokens(1000, 0, 0, 0, 200), DOLLARS, pending_tokens=1200, pending_list_cost=DOLLARS)
ESTIMATES = Estimates(1, 1200, DOLLARS, 0, 1200, DOLLARS)

CASES: dict[str, tuple[Figures, tuple[str, ...]]] = {
    "plain": (PLAIN, ()),
    "unpriced": (PLAIN._replace(unpriced_tokens=500), ("unpriced",)),
    "nothing priced": (PLAIN._replace(list_cost=0, pending_list_cost=0, unpriced_tokens=1200), ("unpriced",)),
    "lower bound": (PLAIN._replace(lower_bound=2), ("\u2265",)),
    "broken off": (PLAIN._replace(partial=1, partial_tokens=400, partial_list_cost=DOLLARS // 2), ("broken off",)),
    "estimated": (PLAIN._replace(estimates=ESTIMATES), ("\u2248",)),
    "all of it": (
        PLAIN._replace(unpriced_tokens=500, lower_bound=2, partial=1, estimates=ESTIMATES),
        ("unpriced", "\u2265", "broken off", "\u2248"),
    ),
}
"""Figures of a branch, and what must be seen wherever they are shown."""


def states() -> list[dict[str, Any]]:
    """Each state by its name, with the marks that each of its amounts must have."""
    found = [_case(name, _found(figures), marks) for name, (figures, marks) in CASES.items()]
    stale = _found(PLAIN)
    assert stale.status is not None
    return [
        *found,
        _case("stale", stale._replace(status=stale.status._replace(current=False)), ()),
        _case("nothing spent", _found(Figures()), ()),
        _case("no logs", _without_logs(), ()),
        _case("error", FolderStatus("/w/shop", None, "the ledger is locked"), ()),
    ]


def _case(name: str, found: FolderStatus, marks: tuple[str, ...]) -> dict[str, Any]:
    return {"name": name, "marks": marks, "status": status_params("file:///w/shop", found, importing=False)}


def _without_logs() -> FolderStatus:
    found = _found(Figures())
    assert found.status is not None
    status = found.status._replace(no_logs=("claude-code", "codex"))
    return found._replace(status=status, looked_in=("/home/u/.claude", "/home/u/.codex"))


def _found(figures: Figures) -> FolderStatus:
    doubts = figures.lower_bound, figures.partial
    status = Status(
        "feat/login",
        "/w/shop",
        list_cost=figures.list_cost,
        pending_list_cost=figures.pending_list_cost,
        tokens=figures.tokens.total,
        unpriced_tokens=figures.unpriced_tokens,
        today_list_cost=figures.list_cost,
        today_unpriced_tokens=figures.unpriced_tokens,
        pending_tokens=figures.pending_tokens,
        pending_unpriced_tokens=figures.unpriced_tokens,
        lower_bound=doubts[0],
        pending_lower_bound=doubts[0],
        today_lower_bound=doubts[0],
        broken_off=doubts[1],
        broken_off_list_cost=figures.partial_list_cost,
        pending_broken_off=doubts[1],
        today_broken_off=doubts[1],
        estimates=figures.estimates,
        today_estimated=figures.estimates.usage,
        takes_estimates=True,
        models=(MODEL,),
        evidence={"reflog": figures.usage} if figures.usage else {},
        budgets=(_standing(figures),) if figures.usage else (),
    )
    page = BranchPage("feat/login", ("feat/login",), *_row(figures), takes_estimates=True)
    ahead = Preview("feat/login", (), frozenset(), Worth(figures.list_cost, figures.tokens.total, 0, ()))
    return FolderStatus("/w/shop", status, cost_lines=CostLines(True), page=page, next=ahead)


def _standing(figures: Figures) -> Standing:
    """A budget that is nearly used, where anything has a price."""
    doubts = figures.lower_bound, figures.estimates.usage, figures.partial
    budget = Budget("branch", 50 * NANO_PER_USD, source="clone")
    return Standing(budget, figures.list_cost, figures.unpriced_tokens, *doubts)


def _row(figures: Figures) -> tuple[BranchRow | None, dict[str, Figures], Explanation | None]:
    if not figures.usage:
        return None, {}, None
    split = Split()
    split.add(figures, "claude-code", MODEL, "reflog")
    row = BranchRow("feat/login", True, "active", split)
    row.days = {"2026-11-01": figures}
    commit = CommitRow("0123456789abcdef")
    commit.list_cost, commit.tokens = figures.list_cost, figures.tokens.total
    commit.unpriced_tokens, commit.has_estimates = figures.unpriced_tokens, bool(figures.estimates.usage)
    commit.lower_bound, commit.broken_off = figures.lower_bound, figures.partial
    row.commits = [commit]
    both = (figures.tokens.total, figures.list_cost)
    row.parts = Conservation(total=both, pending=both)
    return row, {"pending": figures}, Explanation()


def text() -> str:
    """The file: a line for each state."""
    lines = [json.dumps(state, ensure_ascii=False, separators=(",", ":")) for state in states()]
    return "[\n" + ",\n".join(lines) + "\n]\n"


if __name__ == "__main__":
    FILE.write_text(text(), encoding="utf-8")
