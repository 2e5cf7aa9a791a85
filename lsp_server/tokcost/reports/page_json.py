"""A branch's page as JSON, in the form of `tokcost log --json` and `tokcost why --json`; beside each amount is its
text with all marks (`amount`, `pending_amount`), so that a client formats none itself."""

from collections.abc import Mapping

from tokcost.model.branch_page import BranchPage
from tokcost.model.drivers import Explanation
from tokcost.model.figures import BranchRow, CommitRow, Estimates, Figures
from tokcost.model.status import Status
from tokcost.reports.amounts import Marks, amount, full_amount, marked
from tokcost.reports.budget_table import budget_object, in_order
from tokcost.reports.budgets import spent_amount, spent_share
from tokcost.reports.drivers import part_amount
from tokcost.reports.drivers_json import explained_object
from tokcost.reports.json import Json, branch_object, commit_object, figures_object
from tokcost.reports.text import short_model
from tokcost.reports.words import Say, english


def page_object(page: BranchPage, say: Say = english) -> Json:
    """Everything on the page of a branch."""
    branch = _branch(page.row, page.parts) if page.row is not None else None
    why = _why(page.explanation, say) if page.explanation is not None else None
    takes = page.takes_estimates
    return {"name": page.name, "names": list(page.names), "branch": branch, "why": why, "takes_estimates": takes}


def budgets_shown(status: Status) -> list[Json]:
    """Budgets as in `tokcost budget --json`, each with its amount and its share of the limit as text."""
    budgets = in_order(status.budgets)
    return [{**budget_object(one), "amount": spent_amount(one), "share": spent_share(one)} for one in budgets]


def _branch(row: BranchRow, parts: Mapping[str, Figures]) -> Json:
    split = row.split
    models = {name: {**_figures(figures), "name": short_model(name)} for name, figures in split.models.items()}
    pending = parts.get("pending")
    return {
        **branch_object(row, "day"),
        **_figures(split.total),
        "pending_amount": full_amount(pending) if pending else amount(0, 0),
        "assistants": _each(split.assistants),
        "models": models,
        "days": _each(row.days),
        "parts": _each(parts),
        "commits": [{**commit_object(one), "amount": _commit_amount(one)} for one in row.commits],
        "estimated_amount": _estimated(split.total.estimates),
        "broken_off_amount": amount(split.total.partial_list_cost, 0) if split.total.partial_list_cost else "",
    }


def _estimated(part: Estimates) -> str:
    return amount(part.list_cost, part.unpriced_tokens, estimated=part.usage) if part.usage else ""


def _each(figures: Mapping[str, Figures]) -> Json:
    return {name: _figures(one) for name, one in figures.items()}


def _figures(figures: Figures) -> Json:
    return {**figures_object(figures), "amount": full_amount(figures)}


def _commit_amount(row: CommitRow) -> str:
    return marked(row.list_cost, Marks(row.unpriced_tokens, row.has_estimates, row.lower_bound, row.broken_off))


def _why(found: Explanation, say: Say) -> Json:
    return {
        **explained_object(found, say),
        "amount": part_amount(found.total, unpriced_tokens=found.unpriced.tokens),
        "amounts": {name: part_amount(part) for name, part in found.drivers.items()},
    }
