"""How long a lost ledger takes to get its claims back from what a clone remembers.

Makes a ledger with so much usage, and a journal of so many claims that hold all of it; then has `tokcost log`'s look at
commits restore them, once and again. Prints seconds and the most memory that was held.
"""

import argparse
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "lsp_server"), str(HERE.parent / "hooks")]

from tokcost.claims import claim_journal  # noqa: E402
from tokcost.claims.refresh_carriers import needs_refresh, refresh_carriers  # noqa: E402
from tokcost.ledger.open import Ledger, open_ledger  # noqa: E402
from tokcost.ledger.places import record_repository  # noqa: E402
from tokcost.ledger.record import insert_usage  # noqa: E402
from tokcost.ledger.rollup import Rollup, disagreements  # noqa: E402
from tokcost.ledger.rows import Entry  # noqa: E402
from tokcost.model.place import BranchPlace  # noqa: E402
from tokcost.model.usage import Tokens, Usage  # noqa: E402


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        clone, home = Path(scratch, "clone"), Path(scratch, "home")
        subprocess.run(["git", "init", "-q", str(clone)], check=True)
        common_dir = str(clone / ".git")
        with open_ledger(home) as ledger:
            with ledger.transaction():
                repository = record_repository(ledger, common_dir, str(clone), "")
            _fill(ledger, repository, arguments.claims * arguments.responses)
            _remember(common_dir, arguments.claims, arguments.responses)
            for what in ("once", "again"):
                start = time.perf_counter()
                if needs_refresh(ledger, repository, common_dir):
                    with ledger.transaction():
                        refresh_carriers(ledger, repository, common_dir)
                print(f"{what}: {time.perf_counter() - start:.3f} s")
            (held,) = ledger.db.execute("SELECT count(*) FROM usage WHERE claim != 0").fetchone()
            print(f"{held:,} usage in claims, {len(disagreements(ledger))} sums that differ from their rows")
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB at most")


def _fill(ledger: Ledger, repository: int, count: int) -> None:
    tokens = Tokens(3, 50_000, 1_000, 0, 300, 0)
    for start in range(0, count, 50_000):
        rollup = Rollup()
        with ledger.transaction():
            entries = [
                Entry(
                    Usage("claude-code", f"msg_{n:09}:req", 1_700_000_000_000 + n * 1000, "sonnet", tokens, "s", "/w"),
                    *(repository, None, BranchPlace("main", "reflog"), 12_345, "priced", None),
                )
                for n in range(start, min(start + 50_000, count))
            ]
            insert_usage(ledger, entries, rollup)
            rollup.apply(ledger)


def _remember(common_dir: str, claims: int, responses: int) -> None:
    for number in range(claims):
        keys = [("claude-code", f"msg_{n:09}:req") for n in range(number * responses, (number + 1) * responses)]
        claim_journal.write(common_dir, [claim_journal.Entry(f"{number:012}", 1, "", keys)])


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, default=1000)
    parser.add_argument("--responses", type=int, default=4000, help="usage of each claim")
    return parser.parse_args()


if __name__ == "__main__":
    main()
