"""commit-msg: an empty message stays empty, so that git makes no commit of it."""

import os

from tokcost.services.look_at_clone import CloneState
from tokcost.services.prepare_commit import check_untouched
from tokcost_hooks.work import Call


def run(call: Call, here: CloneState) -> None:
    """Called with the message file."""
    check_untouched(here, os.path.join(call.directory, call.arguments[0]))
