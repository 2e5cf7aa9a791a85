"""`python3 .ci/version.py 0.2.0`: checks that everything says that version, and prints its notes from the changelog."""

import json
import re
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent


def notes(version: str, changelog: str) -> str | None:
    """The text below `## VERSION`, with or without a date behind it; None where there is none or nothing in it."""
    found = re.search(rf"^## {re.escape(version)}(?: [^\n]*)?\n(.*?)(?=^## |\Z)", changelog, re.MULTILINE | re.DOTALL)
    return found[1].strip() or None if found else None


def problems(version: str) -> list[str]:
    """A sentence for each place that says something else."""
    said = {
        "lsp_server/tokcost/__init__.py": re.search(
            r'__version__ = "([^"]+)"', (ROOT / "lsp_server/tokcost/__init__.py").read_text(encoding="utf-8")
        )[1],  # type: ignore[index]
        "vscode-client/package.json": json.loads((ROOT / "vscode-client/package.json").read_text())["version"],
        "vscode-client/package-lock.json": json.loads((ROOT / "vscode-client/package-lock.json").read_text())[
            "version"
        ],
    }
    wrong = [f"{file} says {found}, the tag {version}." for file, found in said.items() if found != version]
    changelogs = ("CHANGELOG.md", "vscode-client/CHANGELOG.md")
    silent = [name for name in changelogs if notes(version, (ROOT / name).read_text(encoding="utf-8")) is None]
    return wrong + [f"{name} has no section for {version}." for name in silent]


def main(version: str) -> int:
    """0, or 1 where a place says another version."""
    wrong = problems(version)
    if wrong:
        sys.stderr.write("\n".join(wrong) + "\n")
        return 1
    sys.stdout.write(f"{notes(version, (ROOT / 'CHANGELOG.md').read_text(encoding='utf-8'))}\n")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1]))
