"""The adapter of ccusage: `ccusage daily --json --offline`. It knows no branches and adds up all cache writes."""

import json
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
    totals = told.get("totals") or {}
    tokens = {ours: totals.get(theirs, 0) for ours, theirs in NAMES.items()}
    # For some assistants the column of output leaves reasoning out, and the total alone has it.
    rest = totals.get("totalTokens", 0) - sum(tokens.values())
    tokens["output"] += max(rest, 0)
    if rest > 0 and len(models) == 1:
        next(iter(models.values()))["output"] += rest
    return {"tokens": tokens, "models": models}


if __name__ == "__main__":
    command = [*(sys.argv[1:] or ["ccusage"]), "daily", "--json", "--offline"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    nothing = '{"daily": [], "totals": null}'
    print(json.dumps(figures(json.loads(done.stdout if done.stdout.lstrip().startswith("{") else nothing))))
