"""How long a lost ledger takes to get its claims back from what a clone remembers.

Imports so much usage three times, each time into a new ledger: where the clone remembers nothing, where it remembers
that claims hold all of it, and where it does and a hook imports, which leaves the claims to the next command. Prints
the CPU seconds of the import and of what `tokcost log` does with the claims afterwards, and the most memory that was
held. Keys of responses are random, as Claude Code's are.
"""

import argparse
import gc
import random
import resource
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent / "lsp_server"), str(HERE.parent / "hooks")]

from tokcost.claims import claim_journal  # noqa: E402
from tokcost.claims.bind_imported import ImportedClaims  # noqa: E402
from tokcost.claims.refresh_carriers import needs_refresh, refresh_carriers, restore_claims  # noqa: E402
from tokcost.ledger.open import Ledger, open_ledger  # noqa: E402
from tokcost.ledger.places import repositories  # noqa: E402
from tokcost.ledger.rollup import disagreements  # noqa: E402
from tokcost.model.claims import Remembered  # noqa: E402
from tokcost.model.logs import Batch, Source  # noqa: E402
from tokcost.model.usage import Tokens, Usage  # noqa: E402
from tokcost.usage.importing import Importer  # noqa: E402
from tokcost.usage.placing import Placer  # noqa: E402
from tokcost.usage.read import Job, Outcome  # noqa: E402

_FILE_USAGE = 3000
_WAYS = {"nothing": "nothing is remembered", "import": "bound while imported", "afterwards": "bound afterwards"}


def main() -> None:
    """Measure and print."""
    arguments = _arguments()
    with tempfile.TemporaryDirectory() as scratch:
        for way in arguments.ways:
            clone, home = Path(scratch, way, "clone"), Path(scratch, way, "home")
            subprocess.run(["git", "init", "-q", str(clone)], check=True)
            if way != "nothing":
                _remember(str(clone / ".git"), arguments.claims, arguments.responses)
            with open_ledger(home) as ledger:
                _measure(ledger, clone, way, arguments.claims * arguments.responses)
    print(f"{resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1000:.0f} MB at most")


def _measure(ledger: Ledger, clone: Path, way: str, count: int) -> None:
    claims = ImportedClaims(ledger, binds=True) if way == "import" else None
    importing = _import(Importer(ledger, ledger.path.parent, Placer(ledger), claims), _outcomes(str(clone), count))
    (one,) = repositories(ledger)
    seconds: list[float] = []
    for _ in ("once", "again"):
        start = time.process_time()
        if needs_refresh(ledger, one.id, one.common_dir):
            restore_claims(ledger, one.id, one.common_dir, claims.held(one.id) if claims else None)
            with ledger.transaction():
                refresh_carriers(ledger, one.id, one.common_dir)
        seconds.append(time.process_time() - start)
    (held,) = ledger.db.execute("SELECT count(*) FROM usage WHERE claim IS NOT NULL").fetchone()
    print(f"{_WAYS[way]}: import {importing:.2f} s, then {seconds[0]:.3f} s, then {seconds[1]:.3f} s")
    print(f"  {held:,} of {count:,} usage in claims, {len(disagreements(ledger))} sums that differ from their rows")


def _import(importer: Importer, outcomes: Iterator[Outcome]) -> float:
    spent = 0.0
    gc.disable()  # as a real import does
    for outcome in outcomes:
        start = time.process_time()
        importer.take(outcome)
        spent += time.process_time() - start
    start = time.process_time()
    importer.finish()
    gc.enable()
    return spent + time.process_time() - start


def _outcomes(clone: str, count: int) -> Iterator[Outcome]:
    tokens = Tokens(3, 50_000, 1_000, 0, 300, 0)
    for start in range(0, count, _FILE_USAGE):
        usage = [
            Usage("claude-code", _key(n), 1_764_000_000_000 + n * 1000, "claude-sonnet-4-5", tokens, f"{start}", clone)
            for n in range(start, min(start + _FILE_USAGE, count))
        ]
        yield Outcome(Job("claude-code", Source(f"/logs/{start}.jsonl", 10, 10), None), Batch(b"read", usage))


def _remember(common_dir: str, claims: int, responses: int) -> None:
    for number in range(claims):
        keys = [("claude-code", _key(n)) for n in range(number * responses, (number + 1) * responses)]
        line = f"AI-Cost: ~1 USD list; ~1k tokens; -; {number:012}"
        claim_journal.write(common_dir, [Remembered(f"{number:012}", 1, line, keys)])


def _key(number: int) -> str:
    chance = random.Random(number)
    return f"msg_01{chance.getrandbits(110):022x}:req_011{chance.getrandbits(110):022x}"


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--claims", type=int, default=1000)
    parser.add_argument("--responses", type=int, default=400, help="usage of each claim")
    parser.add_argument("--ways", nargs="+", choices=list(_WAYS), default=list(_WAYS))
    return parser.parse_args()


if __name__ == "__main__":
    main()
