"""audit.py PIP_AUDIT: known holes in all that is pinned here, by pip-audit and npm, and what nobody could look up.

Ends with 1 where a hole is known. A package that could not be looked up is no reason to fail, and none to say that it
has no known hole: an advisory service may be out of reach, or may not have the package.
"""

import json
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, NamedTuple

NPM = ("vscode-client", ".ci/galleries", "tests/editors/code-server", "tests/real_assistants/npm")
"""Folders with a `package-lock.json`."""
MODERATE = ("moderate", "high", "critical")
"""Severities of npm that count."""


class Audit(NamedTuple):
    """What is known of the packages of one file."""

    name: str
    packages: int
    not_audited: list[str]
    """Why, one text for each that could not be looked up."""
    holes: list[str]


def main() -> None:
    """Audit everything, and say what became of it."""
    files = sorted(Path("requirements").glob("*.txt"))
    audits = [*(audit_python(sys.argv[1], file) for file in files), *map(audit_npm, NPM)]
    for one in audits:
        print("\n".join(_told(one)), flush=True)
    print(_sum(sum(one.packages for one in audits), sum(len(one.not_audited) for one in audits)))
    raise SystemExit(any(one.holes for one in audits))


def audit_python(program: str, file: Path) -> Audit:
    """The pinned packages of a file of requirements."""
    words = [
        program,
        "--disable-pip",
        "--no-deps",
        "--progress-spinner",
        "off",
        "--format",
        "json",
        "--requirement",
        file,
    ]
    found, said = _json(words)
    pinned = [
        line.split()[0] for line in file.read_text(encoding="utf-8").splitlines() if "==" in line.partition("#")[0]
    ]
    if "dependencies" not in found:
        return Audit(str(file), len(pinned), [f"{one}: {said}" for one in pinned], [])
    told: list[dict[str, Any]] = found["dependencies"]
    holes = [f"{one['name']} {one['version']}: {hole['id']}" for one in told for hole in one.get("vulns", ())]
    return Audit(
        str(file), len(told), [f"{one['name']}: {one['skip_reason']}" for one in told if "skip_reason" in one], holes
    )


def audit_npm(folder: str) -> Audit:
    """The packages of a lock file, of which npm looks up all or none."""
    lock = json.loads((Path(folder) / "package-lock.json").read_text(encoding="utf-8"))
    locked = [name.rpartition("node_modules/")[2] for name in lock["packages"] if name]
    found, said = _json(["npm", "audit", "--package-lock-only", "--json"], folder)
    if "vulnerabilities" not in found:
        return Audit(folder, len(locked), [f"{one}: {found.get('message', said)}" for one in locked], [])
    holes = [
        f"{name}: {one['severity']}" for name, one in found["vulnerabilities"].items() if one["severity"] in MODERATE
    ]
    return Audit(folder, len(locked), [], holes)


def _json(words: list[Any], folder: str = ".") -> tuple[dict[str, Any], str]:
    """What a program prints, and the last of what it says beside it; empty where it prints nothing of use."""
    done = subprocess.run(words, cwd=folder, capture_output=True, text=True, check=False)
    said = next((line for line in reversed(done.stderr.splitlines()) if line.strip()), f"exit code {done.returncode}")
    try:
        found = json.loads(done.stdout)
    except ValueError:
        found = {}
    return (found if isinstance(found, dict) else {}), said


def _told(one: Audit) -> Iterator[str]:
    yield f"== {one.name}: {one.packages - len(one.not_audited)} of {one.packages} packages audited"
    yield from (f"   hole: {hole}" for hole in one.holes)
    yield from (f"   not audited: {reason}" for reason in one.not_audited[:3])
    if len(one.not_audited) > 3:
        yield f"   not audited: {len(one.not_audited) - 3} more"


def _sum(packages: int, missed: int) -> str:
    if packages and missed == packages:
        return f"NOTHING WAS AUDITED: none of {packages} packages could be looked up, so nothing is known about them."
    left = f"; {missed} COULD NOT BE AUDITED, and nothing is known about those" if missed else ""
    return f"{packages - missed} of {packages} packages audited{left}."


if __name__ == "__main__":
    main()
