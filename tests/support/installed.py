"""Programs of others from their registries, installed once for all tests, whichever process asks first."""

import fcntl
import subprocess
from pathlib import Path


def once(folder: Path, command: list[str], seed: str, mark: str = "made") -> Path:
    """Run a command in a folder unless that was done; `seed` is a file of JSON that it wants there."""
    folder.mkdir(parents=True, exist_ok=True)
    with (folder / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not (folder / mark).exists():
            if seed:
                (folder / seed).write_text("{}\n")
            subprocess.run(command, cwd=folder, check=True, stdin=subprocess.DEVNULL)
            (folder / mark).write_text("")
    return folder


def npm(folder: Path, *packages: str) -> Path:
    """A folder with packages of npm in it."""
    return once(folder, ["npm", "install", "--silent", "--no-audit", "--no-fund", *packages], "package.json")
