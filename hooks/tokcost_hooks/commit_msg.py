"""commit-msg: keeps an empty message empty, so that git makes no commit of it, and keeps our lines out of the title."""

import os

from tokcost.model.worktree import CloneState
from tokcost.services.prepare_commit import check_message
from tokcost_hooks.work import Call


def run(call: Call, here: CloneState) -> None:
    """Called with the message file."""
    check_message(call.environ, here, os.path.join(call.directory, call.arguments[0]))
