"""Whether there are any rules: what every prompt and every commit asks, and most clones have none."""

import os
from pathlib import Path

from tokcost.policy.clone_state import CloneState
from tokcost.settings import CONFIG_FILE


def may_have_rules(home: Path, here: CloneState) -> bool:
    """Whether it is worth reading them."""
    return b"rules" in here.policy or os.path.exists(os.path.join(home, CONFIG_FILE))
