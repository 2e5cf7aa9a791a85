"""The adapter of agentsview: `agentsview sync`, then `agentsview usage daily --json`. Its usage knows no branches (a
session has one, apart from its usage), and sums both kinds of cache writes."""

import json
import os
import subprocess
import sys
from typing import Any

NAMES = {
    "input": "inputTokens",
    "cache_read": "cacheReadTokens",
    "cache_write": "cacheCreationTokens",
    "output": "outputTokens",
}


def figures(told: dict[str, Any]) -> dict[str, Any]:
    """The figures in the form of the set."""
    models: dict[str, dict[str, int]] = {}
    for row in (row for day in told["daily"] for row in day["modelBreakdowns"]):
        sums = models.setdefault(row["modelName"], dict.fromkeys(NAMES, 0))
        for ours, theirs in NAMES.items():
            sums[ours] += row[theirs]
    return {"tokens": {ours: told["totals"][theirs] for ours, theirs in NAMES.items()}, "models": models}


if __name__ == "__main__":
    # Without the second variable it leaves a server behind.
    environ = {**os.environ, "AGENTSVIEW_DATA_DIR": os.environ["DATA"], "AGENTSVIEW_NO_DAEMON": "1"}
    program = sys.argv[1:] or ["agentsview"]
    subprocess.run([*program, "sync"], env=environ, capture_output=True, check=True)
    ask = [*program, "usage", "daily", "--json", "--breakdown", "--all", "--offline", "--no-sync"]
    done = subprocess.run(ask, env=environ, capture_output=True, text=True, check=True)
    print(json.dumps(figures(json.loads(done.stdout))))
