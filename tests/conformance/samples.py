"""The same adapters on logs of real assistants (tests/samples): `PYTHONPATH=tests python -m conformance.samples`."""

import argparse
import shlex
import sys
import tempfile
from pathlib import Path
from typing import Any

from conformance.run import HERE, Place, Verdict, compare, run_adapter, show
from support import samples


def judge(name: str, command: list[str]) -> Verdict:
    """The verdict on one sample, by what its files hold; models are not compared. Calls of which the files hold no
    record are not missed."""
    with tempfile.TemporaryDirectory() as scratch:
        sample = samples.unpack(name, Path(scratch).resolve())
        data = sample.root / "data"
        data.mkdir()
        said = run_adapter(command, Place(sample.home, sample.repo), data)
    answers = _answers(sample.truth["expected"])
    return min((compare(answer, {**said, "models": None}) for answer in answers), key=lambda one: bool(one.branches))


def _answers(expected: dict[str, Any]) -> list[dict[str, Any]]:
    """The answers that are right, two where HEAD was detached: what the files hold, and at most what was billed."""
    sums = {"tokens": expected["held"], "at_most": expected["upper"], "models": {}}
    return [{**sums, "branches": way["held"]} for way in expected["ways"]]


def main() -> int:
    """Prints the table."""
    parser = argparse.ArgumentParser(description="Run a tool on logs of real assistants.")
    parser.add_argument("--tool", default="tokcost")
    parser.add_argument("--command", default="")
    given = parser.parse_args()
    command = [sys.executable, str(HERE / f"adapters/{given.tool}.py"), *shlex.split(given.command)]
    print(show({name: judge(name, command) for name in samples.exact_names()}))
    return 0


if __name__ == "__main__":
    sys.exit(main())
