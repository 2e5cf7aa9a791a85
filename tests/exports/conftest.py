import csv
import io
from collections.abc import Iterator
from typing import NamedTuple

import pytest

from support.guesser import Guesser, installed
from support.hooked import Hooked

CONDITIONS = {"ledger": ("SupportsUnitPricing", "SupportsMultiplePricingCategories"), "history": ()}
"""What a file claims to support: with the first, the linter wants a price of every charge, and nothing of a price where
there is none. The history has none, which is looked at here."""


class Work(NamedTuple):
    """A repository with usage of every state: carried, withheld, pending, unplaced, unpriced, estimated."""

    repo: Hooked
    guesser: Guesser

    def export(self, *words: str) -> str:
        """What `tokcost export` writes to standard output, where nothing is amiss."""
        done = self.repo.tokcost("export", *words)
        assert done.returncode == 0, done
        return done.stdout


def table(text: str) -> list[dict[str, str]]:
    """The rows of CSV."""
    return list(csv.DictReader(io.StringIO(text)))


# Not for longer: its reader is on the search path of this process, where hooks of other tests cannot be forked then.
@pytest.fixture(scope="module")
def work(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Work]:
    tmp_path = tmp_path_factory.mktemp("work")
    repo = Hooked(tmp_path, rooted=True, forks=True)
    with installed(tmp_path, repo) as guesser:
        repo.spend(sessionId="session-CANARY", text="prompt-CANARY")
        repo.change()
        repo.hooked("-m", "Carried by branch-CANARY")
        repo.spend()
        repo.change()
        repo.hooked("-e", "-m", "Withheld", env=repo.editor('sed -i -e "/^AI-/d" -e "/^  cache/d" "$1"'))
        repo.switch("-c", "=feat,x")
        repo.spend(model="claude-opus-4-5")
        repo.spend(model="homegrown-7")
        guesser.guess()
        repo.git("checkout", "-q", "--detach")
        repo.spend()
        yield Work(repo, guesser)
