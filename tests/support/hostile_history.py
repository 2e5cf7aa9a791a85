"""Commits whose messages somebody wrote against us: what a fetch can bring."""

import subprocess
from collections.abc import Sequence
from pathlib import Path

ID = "7k3qf9x2m4tc"
SHAPES = (
    f"AI-Tokens: {'a' * 20_000}; {ID}",
    f"AI-Cost: ~1{' ' * 20_000}; ~1M tokens; x; {ID}",
    f"AI-Cost: {'9' * 5000} USD list; ~1M tokens; x; {ID}",
    f"AI-Cost: ~1 USD list; {'9' * 5000} tokens; x; {ID}",
    f"AI-Cost: 1{',1' * 9000} USD list; 1 tokens; x; {ID}",
    f"AI-Cost: ~99999999999 USD list; ~999999G tokens; x; {ID}.999999999",
    f"AI-Cost: {'> ' * 10_000}{ID}",
    f"AI-Cost: {';' * 20_000}{ID}",
    f"AI-Cost: {ID} {'[]' * 9000}x",
    f"AI-Cost: {f'{ID} [' * 1500}",
    "AI-Cost: ~1 USD list; ~1M\n" * 600,
    f"This reverts #{'9' * 5000}\n\nAI-Cost: x",
)
SUBJECTS = ("Add login (#1)", f"Add login (#{'9' * 5000})", "(#1)[" * 3000, f"Merged PR {'9' * 5000}: x")


def make(folder: Path, messages: Sequence[str], *, seconds: int = 1_600_000_000) -> None:
    """A bare repository with a commit for each message, one after the other, on its branch `main`; the first is made at
    this second UTC, the others in the seconds behind it."""
    subprocess.run(["git", "init", "-q", "--bare", "-b", "main", str(folder)], check=True)
    parts: list[bytes] = []
    for number, message in enumerate(messages):
        data = message.encode("utf-8", "surrogateescape")
        head = f"commit refs/heads/main\ncommitter E <e@x.org> {seconds + number} +0000\ndata {len(data)}\n"
        parts += [head.encode(), data, b"\n"]
    subprocess.run(["git", "fast-import", "--quiet"], cwd=folder, input=b"".join(parts), check=True)


def messages(number: int, *more: str) -> list[str]:
    """So many hostile messages, of every shape in turn; `more` are shapes beside the usual ones."""
    shapes = (*SHAPES, *more)
    return [f"{SUBJECTS[one % len(SUBJECTS)]}\n\n{shapes[one % len(shapes)]}\n" for one in range(number)]
