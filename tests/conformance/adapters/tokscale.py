"""The adapter of tokscale: `tokscale models --json`. It knows no branches, and sums both kinds of cache writes; its
column of output leaves reasoning out."""

import json
import subprocess
import sys
from typing import Any

NAMES = {"input": "input", "cache_read": "cacheRead", "cache_write": "cacheWrite", "output": "output"}


def figures(told: dict[str, Any]) -> dict[str, Any]:
    """The figures in the form of the set."""
    models: dict[str, dict[str, int]] = {}
    for row in told["entries"]:
        sums = models.setdefault(row["model"], dict.fromkeys(NAMES, 0))
        for ours, theirs in NAMES.items():
            sums[ours] += row[theirs]
        sums["output"] += row["reasoning"]
    tokens = {ours: sum(sums[ours] for sums in models.values()) for ours in NAMES}
    return {"tokens": tokens, "models": models}


if __name__ == "__main__":
    command = [*(sys.argv[1:] or ["tokscale"]), "models", "--json", "--no-spinner"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    print(json.dumps(figures(json.loads(done.stdout))))
