"""What a clone remembers of claims, read by ledgers that do not know them: of another home, or of another user."""

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from support.claude_lines import assistant, write
from support.git_sandbox import T0, GitSandbox
from tokcost.claims import claim_journal
from tokcost.ledger.claims import has_claims, keys_claimed, names_known
from tokcost.ledger.open import open_ledger
from tokcost.ledger.places import repositories
from tokcost.model.claims import Remembered
from tokcost.model.trailer import ID_ALPHABET
from tokcost.services.purge import PurgeConditions, purge
from tokcost.services.refresh import refresh

COUNT = """
import json, pathlib, sys
opened = []
sys.addaudithook(lambda event, args: opened.append(str(args[0])) if event == "open" else None)
from tokcost.services.refresh import refresh
notes = []
for _ in range(3):
    opened.append("|")
    notes += refresh(pathlib.Path(sys.argv[1]), {"HOME": sys.argv[2]}).notes
reads = [sum(name.endswith("tokcost/claims") for name in part.split()) for part in " ".join(opened).split("|")[1:]]
print(json.dumps({"reads": reads, "notes": notes}))
"""


def name(number: int) -> str:
    letters = ""
    for _ in range(12):
        number, digit = divmod(number, len(ID_ALPHABET))
        letters += ID_ALPHABET[digit]
    return letters


def line(number: int) -> str:
    return f"AI-Cost: ~2 USD list; ~1k tokens; claude-opus-4-5; {name(number)}"


class Clone:
    """A clone that remembers claims, and the logs and the ledger of a home that does not know them."""

    def __init__(self, path: Path) -> None:
        self.git = GitSandbox(path / "repo")
        self.git.commit()
        self.common_dir = str(self.git.path / ".git")
        self.ledger, self.home = path / "ledger", path / "home"
        cwd = str(self.git.path)
        known = [assistant(f"known_{n}", f"req_{n}", (T0 + 9 + n) * 1000, cwd=cwd) for n in range(3)]
        write(self.home / ".claude/projects/p/s.jsonl", *known)

    def remember(self, entries: list[Remembered]) -> None:
        claim_journal.write(self.common_dir, entries)

    def remember_others(self, count: int, since: int = 0) -> None:
        """Claims of usage that no log of this home has."""
        self.remember(
            [Remembered(name(n), 1, line(n), [("claude-code", f"m{n}")]) for n in range(since, since + count)]
        )

    def refresh(self) -> None:
        refresh(self.ledger, {"HOME": str(self.home)})

    def count(self, path: str = "") -> dict[str, list[int]]:
        """How often each of three looks in a process of its own opens the journal."""
        environ = {"PATH": path or os.environ["PATH"], "HOME": str(self.home)}
        command = [sys.executable, "-P", "-c", COUNT, str(self.ledger), str(self.home)]
        return json.loads(subprocess.run(command, env=environ, capture_output=True, text=True, check=True).stdout)

    def unread(self) -> tuple[int, int]:
        with open_ledger(self.ledger) as ledger:
            (one,) = repositories(ledger)
            return claim_journal.unread(ledger, one.id, one.common_dir)


@pytest.fixture
def clone(tmp_path: Path) -> Clone:
    return Clone(tmp_path)


def test_claims_that_a_ledger_has_no_usage_of_are_read_once(clone: Clone) -> None:
    clone.remember_others(10_000)
    assert clone.count()["reads"][1:] == [0, 0]
    assert clone.count()["reads"] == [0, 0, 0]
    with open_ledger(clone.ledger) as ledger:
        assert not has_claims(ledger, 1)


def test_what_another_home_adds_is_read_once_as_well(clone: Clone) -> None:
    clone.remember_others(10)
    clone.refresh()
    start = clone.unread()[1]
    clone.remember_others(5, since=10)
    assert clone.unread()[0] == start
    assert clone.count()["reads"] == [1, 0, 0]


def test_a_ledger_with_claims_learns_of_those_behind_a_damaged_line(clone: Clone) -> None:
    """It may be older than the clone's memory: a backup."""
    clone.remember([Remembered(name(99_999), 1, line(99_999), [("claude-code", "known_1")])])
    clone.refresh()
    with (Path(clone.common_dir) / claim_journal.FILE).open("ab") as stream:
        stream.write(b'\n["cut off\n')
    clone.remember([Remembered(name(99_998), 1, line(99_998), [("claude-code", "known_2")])])
    clone.refresh()
    with open_ledger(clone.ledger) as ledger:
        assert names_known(ledger, [name(99_999), name(99_998)]) == {name(99_999), name(99_998)}


def test_a_git_that_fails_does_not_let_them_be_read_again(clone: Clone, tmp_path: Path) -> None:
    """Another home's claims are beside one of this ledger's own usage, whose commits git is asked about."""
    clone.remember([Remembered(name(99_999), 1, line(99_999), [("claude-code", "known_1")])])
    clone.remember_others(20)
    (tmp_path / "bin").mkdir()
    (failing := tmp_path / "bin/git").write_text("#!/bin/sh\nexit 128\n")
    failing.chmod(0o755)
    (clone.git.path / ".git/refs/heads/odd").write_text("1" * 40 + "\n")
    found = clone.count(path=str(tmp_path / "bin"))
    assert found["reads"][1:] == [0, 0]
    assert any("could not be read" in str(note) for note in found["notes"])


def test_a_large_memory_is_read_in_portions_that_each_are_kept(clone: Clone) -> None:
    """Whoever is stopped in the middle goes on there, and no other process waits for all of it."""
    clone.refresh()
    clone.remember_others(200)
    clone.remember([Remembered(name(99_999), 1, line(99_999), [("claude-code", "known_1")])])
    clone.remember_others(200, since=200)
    starts = list[int]()
    with open_ledger(clone.ledger) as ledger:
        (one,) = repositories(ledger)
        while (left := claim_journal.unread(ledger, one.id, one.common_dir))[0] < left[1]:
            starts.append(left[0])
            with ledger.transaction():
                claim_journal.restore(ledger, one.id, one.common_dir, 10_000)
        assert names_known(ledger, [name(99_999), name(1)]) == {name(99_999)}
    assert len(starts) > 3
    assert starts == sorted(set(starts))


def test_what_a_purge_takes_from_a_portion_that_was_read_hides_nothing_of_the_next_one(clone: Clone) -> None:
    """Records begin elsewhere afterwards."""
    clone.refresh()
    others = [("claude-code", f"m{n}") for n in range(10)]
    clone.remember([Remembered(name(99_999), 1, line(99_999), [("claude-code", "known_0"), *others])])
    clone.remember([Remembered(name(99_998), 1, line(99_998), [("claude-code", "known_1")])])
    with open_ledger(clone.ledger) as ledger:
        (one,) = repositories(ledger)
        with ledger.transaction():
            claim_journal.restore(ledger, one.id, one.common_dir, 100)
        assert names_known(ledger, [name(99_999), name(99_998)]) == {name(99_999)}
    purge(clone.ledger, clone.git.path, PurgeConditions(before_ms=(T0 + 9) * 1000 + 500))
    clone.refresh()
    with open_ledger(clone.ledger) as ledger:
        assert keys_claimed(ledger, name(99_998), 1) == [("claude-code", "known_1")]


def test_a_claim_that_is_withheld_in_a_later_portion_is_withheld(clone: Clone) -> None:
    clone.refresh()
    clone.remember([Remembered(name(99_999), 1, line(99_999), [("claude-code", "known_1")])])
    clone.remember_others(50)
    clone.remember([Remembered(name(99_999), 0, "", [], True)])
    with open_ledger(clone.ledger) as ledger:
        (one,) = repositories(ledger)
        for _ in range(20):
            with ledger.transaction():
                claim_journal.restore(ledger, one.id, one.common_dir, 2_000)
        fate = ledger.db.execute("SELECT fate FROM claim WHERE name = ?", (name(99_999),)).fetchone()
    assert fate == ("withheld",)
