"""The adapter of tokcost: `tokcost log --json` in the repository."""

import json
import os
import subprocess
import sys
from collections.abc import Mapping
from typing import Any

CLASSES = ("input", "cache_read", "cache_write_5m", "cache_write_1h", "output")


def figures(told: Mapping[str, Any]) -> dict[str, Any]:
    """The figures in the form of the set. What is on no branch stands under an empty name."""
    branches = {row["branch"]: row for row in told["branches"]} | {"": told["unplaced"]}
    return {
        "tokens": _counts(told["totals"]["tokens"]),
        "models": {name: _counts(part["tokens"]) for name, part in told["totals"]["models"].items()},
        "branches": {name: _counts(row["tokens"]) for name, row in branches.items()},
    }


def _counts(tokens: dict[str, int]) -> dict[str, int]:
    return {one: tokens[one] for one in CLASSES}


if __name__ == "__main__":
    environ = {**os.environ, "TOKCOST_HOME": os.environ["DATA"]}
    command = [*(sys.argv[1:] or ["tokcost"]), "log", "--json"]
    done = subprocess.run(command, env=environ, capture_output=True, text=True, check=True)
    print(json.dumps(figures(json.loads(done.stdout))))
