"""The page of all branches as JSON, each amount as its text with all marks."""

from tokcost.model.branch_table import BranchTable, UnplacedRow
from tokcost.model.figures import BranchRow, Figures
from tokcost.model.money import decimal_string
from tokcost.reports.amounts import full_amount
from tokcost.reports.json import Json, conservation_object, time_text
from tokcost.reports.text import escape
from tokcost.reports.words import Say


def reason_text(reason: str, say: Say) -> str:
    """A sentence for a `placement.reason.Reason`, the reason why usage is unplaced. In none of these cases does the
    assistant's log name a branch."""
    return {
        "no_worktree": say("The repository is bare, and the folder belongs to no worktree of it."),
        "no_reflog": say("Git has no record of HEAD there."),
        "before_reflog": say("It happened before git's record of HEAD begins."),
        "detached": say("HEAD was on no branch then (detached)."),
        "folder_gone": say("The folder no longer exists, and may have been a worktree of its own."),
    }[reason]


def table_object(table: BranchTable, say: Say) -> Json:
    """Everything on the page of all branches."""
    return {
        "rows": [_row(row, table.pending.get(row.branch)) for row in table.rows],
        "unplaced": [_unplaced(row, say) for row in table.unplaced],
        "total": _figures(table.total),
        "conservation": conservation_object(table.parts),
    }


def _row(row: BranchRow, pending: Figures | None) -> Json:
    return {
        "branch": row.branch,
        "current": row.current,
        "state": row.state,
        **_figures(row.split.total),
        "pending_amount": full_amount(pending) if pending else "",
        "pending_list_cost": decimal_string(row.split.total.pending_list_cost),
    }


def _unplaced(row: UnplacedRow, say: Say) -> Json:
    return {
        "session": row.session,
        "short_id": row.short_id,
        "assistant": row.assistant,
        **_figures(row.figures),
        "reasons": [reason_text(one, say) for one in row.reasons],
        "directories": [escape(one) for one in row.directories],
    }


def _figures(figures: Figures) -> Json:
    return {
        "usage": figures.usage,
        "tokens": figures.tokens.total,
        "list_cost": decimal_string(figures.list_cost),
        "amount": full_amount(figures),
        "estimated_counts": figures.estimates.usage,
        "first": time_text(figures.first_ms),
        "last": time_text(figures.last_ms),
    }
