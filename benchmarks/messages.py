"""How much of a processor reading a hostile commit message takes, and whether that grows with its length or faster.

    python benchmarks/messages.py --size 10M

Each shape is one that a pattern which goes back over what it has read would take hours for. Every reader of messages
is timed on a quarter of the size and on all of it, the better of two: four times the text may take four times as long.
What takes more than six times as long, and is not over in a moment, is marked, and makes the benchmark fail.
"""

import argparse
import gc
import sys
import time
from collections.abc import Callable
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "lsp_server"), str(HERE.parent / "hooks"), str(HERE.parent / "tests")]

from tokcost.history.merge_subjects import read_reverts, read_title, squash_number  # noqa: E402
from tokcost.model.commit_message import drop_lines, lift_lines, marks  # noqa: E402
from tokcost.model.trailer import read_message  # noqa: E402

ID = "7k3qf9x2m4tc"
MOST_RATIO = 6.0
A_MOMENT = 0.5
"""Seconds that say nothing about growth."""

READERS: dict[str, Callable[[str], object]] = {
    "read": read_message,
    "marks": marks,
    "drop": drop_lines,
    "lift": lift_lines,
    "head": lambda message: read_title(message, 0),
    "number": squash_number,
    "reverts": read_reverts,
}
SHAPES: dict[str, tuple[str, str, str]] = {
    "a second line of one word": ("AI-Cost: x\nAI-Tokens: ", "a", f"; {ID}"),
    "second lines of one word": ("AI-Cost: x\n", f"AI-Tokens: {'a' * 900}; {ID}\n", ""),
    "an amount and spaces": ("AI-Cost: ~1", " ", f"; ~1M tokens; x; {ID}"),
    "amounts and spaces": ("", f"AI-Cost: ~1{' ' * 900}; ~1M tokens; x; {ID}\n", ""),
    "commas in a number": ("", f"AI-Cost: ~1{',1' * 450} USD; ~1M tokens; x; {ID}\n", ""),
    "digits": ("", f"AI-Cost: ~{'9' * 900} USD; ~1M tokens; x; {ID}\n", ""),
    "fields": ("AI-Cost: ", ";", ID),
    "lines of fields": ("", f"AI-Cost: {';' * 900}{ID}\n", ""),
    "quotes in front": ("", "> ", "AI-Cost: x"),
    "lines of quotes": ("AI-Cost: x\n", f"{'> ' * 500}\n", ""),
    "brackets behind the id": (f"AI-Cost: {ID}", "[]", "x"),
    "lines of brackets": ("", f"AI-Cost: {ID}{'[]' * 450}x\n", ""),
    "open brackets": ("AI-Cost: ", f"{ID} [", ""),
    "ids": ("AI-Cost: ", f"{ID} ", "x"),
    "lines begun": ("", "AI-Cost: ~1 USD list; ~1M\n", ""),
    "keys alone": ("", "AI-Cost:x\n", ""),
    "keys and one line each": ("", "AI-Cost:\nx\n\n", ""),
    "long wrapped lines": ("", f"AI-Cost:x\n{(('y' * 330) + chr(10)) * 3}", ""),
    "words like a key": ("", f"AI-Cost:x\n{'a-' * 400}\n", ""),
    "right lines": ("", f"AI-Cost: ~2 USD list; ~1M tokens; x; {ID}\n", ""),
    "keys in one line": ("x ", "AI-Cost: ", ""),
    "right lines in one line": ("x ", f"AI-Cost: ~2 USD list; ~1M tokens; x; {ID} ", ""),
    "keys in the middle": ("", "x AI-Cost: ~1 USD list; ~1M\n", ""),
    "trailers behind ids": ("AI-Cost: x", f"; {ID} a: ", ""),
    "lines of trailers behind ids": ("AI-Cost: x\n", f"{ID} Signed-off-by: x\n", ""),
    "breaking changes": ("x\n\n", "BREAKING CHANGE: x\n\n", f"AI-Cost: ~2 USD list; ~1M tokens; x; {ID}\n"),
    "empty lines": ("AI-Cost: x\n", "\n", ""),
    "labels": ("", "Summary: ", "AI-Cost"),
    "numbers in a subject": ("", "(#1)[", ""),
    "brackets in a subject": ("x (#1)", "[]", ""),
    "numbers of Bitbucket": ("Merged in ", "(pull request #1)[", ""),
    "numbers of Gitea": ("Merge pull request '", "' (#1) from", ""),
    "footers": ("x\n\n", "Reviewed-on: https://x/1/1/1/1/1/1/1/1 x\n", ""),
    "one footer": ("x\n\nReviewed-on: https://", "/1", " x"),
    "reverts": ("", "reverts ", ""),
    "ids that are taken back": ("reverts ", "abcdef1, ", ""),
    "numbers that are taken back": ("", "reverts a/a/a/a#1 ", ""),
}
"""What stands once in front, what is repeated, what stands once behind."""


def main() -> None:
    """Time everything, print a table."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--size", default="10M", help="of a message, with k or M (default 10M)")
    parser.add_argument("--only", help="only shapes whose name has this in it", default="")
    arguments = parser.parse_args()
    size = int(arguments.size.rstrip("kM")) * {"k": 10**3, "M": 10**6}.get(arguments.size[-1], 1)
    gc.disable()  # as in our hooks; it would count what other shapes left behind
    print(f"| seconds for {size:,} characters | {' | '.join(READERS)} |\n|---|{'---|' * len(READERS)}")
    too_slow = 0
    for name in SHAPES:
        if arguments.only in name:
            cells = [_cell(reader, name, size) for reader in READERS.values()]
            too_slow += sum("!" in cell for cell in cells)
            print(f"| {name} | {' | '.join(cells)} |", flush=True)
    if too_slow:
        raise SystemExit(f"{too_slow} grow faster than the text")


def _cell(reader: Callable[[str], object], name: str, size: int) -> str:
    short, long = (min(_seconds(reader, _message(name, part)) for _ in range(2)) for part in (size // 4, size))
    grows = long > A_MOMENT and long > MOST_RATIO * short
    return f"{long:.2f}{f' (! {long / short:.0f} times a quarter)' if grows else ''}"


def _message(name: str, size: int) -> str:
    front, unit, behind = SHAPES[name]
    return front + unit * (size // len(unit)) + behind


def _seconds(reader: Callable[[str], object], message: str) -> float:
    start = time.process_time()
    reader(message)
    return time.process_time() - start


if __name__ == "__main__":
    main()
