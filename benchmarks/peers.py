"""Other tools that read the same logs: installed from their registries into a cache folder, run offline."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any, NamedTuple

CACHE = Path.home() / ".cache" / "tokcost-benchmarks"


class Peer(NamedTuple):
    """A tool, and how it is asked for everything it can find."""

    name: str
    command: list[str]


def install(cache: Path = CACHE) -> list[Peer]:
    """Install what can be had; a tool that cannot be installed is left out and named on stderr."""
    cache.mkdir(parents=True, exist_ok=True)
    found: list[Peer] = []
    for name, package, arguments in (
        ("ccusage", "@ccusage/ccusage-linux-x64", ["daily", "--offline", "--json"]),
        ("tokscale", "@tokscale/cli-linux-x64-gnu", ["--json", "--no-spinner"]),
    ):
        if program := _from_npm(cache, package):
            found.append(Peer(name, [program, *arguments]))
    return found


def environment(home: Path, scratch: Path) -> dict[str, str]:
    """An environment in which the corpus is the only HOME, and caches go to a scratch folder."""
    kept = {name: os.environ[name] for name in ("PATH", "LANG") if name in os.environ}
    return kept | {
        "HOME": str(home),
        "XDG_CACHE_HOME": str(scratch / "cache"),
        "XDG_DATA_HOME": str(scratch / "data"),
        "NO_COLOR": "1",
    }


def answer(text: str) -> int | None:
    """The total of tokens in a peer's answer: the outermost sum that is called a total, or the sum of the classes."""
    try:
        return _total(json.loads(text))
    except ValueError:
        return None


def _total(found: Any) -> int | None:
    if not isinstance(found, dict):
        return sum(filter(None, map(_total, found))) if isinstance(found, list) else None
    if isinstance(found.get("totals"), dict):
        return _total(found["totals"])
    if isinstance(found.get("totalTokens"), int):
        return found["totalTokens"]
    classes = [value for key, value in found.items() if key in _CLASSES and isinstance(value, int)]
    return sum(classes) if classes else _total(next((v for v in found.values() if isinstance(v, list)), None))


_CLASSES = {
    *("inputTokens", "outputTokens", "cacheReadTokens", "cacheCreationTokens"),
    *("totalInput", "totalOutput", "totalCacheRead", "totalCacheWrite", "input", "output", "cacheRead", "cacheWrite"),
}


def _from_npm(cache: Path, package: str) -> str | None:
    """The platform package carries the program itself: node's start is not part of the comparison."""
    folder = cache / "npm"
    command = ["npm", "install", "--silent", "--no-audit", "--no-fund", "--force", "--prefix", str(folder), package]
    if not (folder / "node_modules" / package).exists() and subprocess.run(command, check=False).returncode:
        print(f"{package} could not be installed and is left out", file=sys.stderr)
        return None
    files = [path for path in (folder / "node_modules" / package).rglob("*") if path.is_file()]
    program = max(files, key=lambda path: path.stat().st_size)
    program.chmod(0o755)
    return str(program)
