"""A lost ledger reads its logs again: usage that a clone remembers as claimed is recorded with its claim."""

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import pytest

from support.claude_lines import assistant, write
from support.git_sandbox import T0, GitSandbox
from tokcost.claims import claim_journal
from tokcost.ledger.claims import keys_claimed
from tokcost.ledger.open import open_ledger
from tokcost.ledger.places import repositories
from tokcost.ledger.rollup import disagreements
from tokcost.model.claims import Remembered
from tokcost.services.refresh import refresh

REFRESH = """
import os, pathlib, signal, sys
from tokcost.services.refresh import refresh
def progress(done, total):
    if done > total * float(sys.argv[3]):
        os.kill(os.getpid(), signal.SIGKILL)
refresh(pathlib.Path(sys.argv[1]), {"HOME": sys.argv[2]}, progress)
"""
"""Brings a ledger up to date, and is killed when so much of the logs is read."""

FILES = 450
"""More than go into two transactions."""


def name(number: int) -> str:
    return f"{number:012}"


def line(number: int, version: int = 1) -> str:
    token = name(number) if version == 1 else f"{name(number)}.{version}"
    return f"AI-Cost: ~2 USD list; ~1k tokens; claude-opus-4-5; {token}"


def keys(*numbers: int) -> list[tuple[str, str]]:
    return [("claude-code", f"m{number}") for number in numbers]


class Person:
    """Somebody with logs of some responses, a clone in which they were made, and no ledger."""

    def __init__(self, path: Path) -> None:
        self.git = GitSandbox(path / "repo")
        self.git.commit()
        self.common_dir = str(self.git.path / ".git")
        self.ledger, self.home = path / "ledger", path / "home"

    def log(self, numbers: range, file: str = "s", cwd: Path | None = None) -> None:
        """One file with some responses."""
        where = str(cwd or self.git.path)
        lines = [assistant(f"m{n}", f"r{n}", (T0 + 9 + n) * 1000, cwd=where, sessionId=file) for n in numbers]
        write(self.home / f".claude/projects/p/{file}.jsonl", *lines)

    def remember(self, *entries: Remembered) -> None:
        claim_journal.write(self.common_dir, entries)

    def refresh(self, *, follow: bool = True) -> None:
        refresh(self.ledger, {"HOME": str(self.home)}, follow=follow)

    def start(self, until: float = 2.0) -> "subprocess.Popen[bytes]":
        """A process of its own that does the same, killed at some part of the logs."""
        command = [sys.executable, "-P", "-c", REFRESH, str(self.ledger), str(self.home), str(until)]
        return subprocess.Popen(command, env={"PATH": os.environ["PATH"], "HOME": str(self.home)})

    def claimed(self, number: int, version: int = 1) -> set[tuple[str, str]]:
        with open_ledger(self.ledger) as ledger:
            return set(keys_claimed(ledger, name(number), version))

    def state(self) -> list[tuple[object, ...]]:
        """All that the ledger knows of claims, in the words of no row id; and that all sums agree."""
        with open_ledger(self.ledger) as ledger:
            assert disagreements(ledger) == []
            (one, *_) = repositories(ledger)
            assert (
                claim_journal.unread(ledger, one.id, one.common_dir)[0]
                == os.stat(Path(one.common_dir, claim_journal.FILE)).st_size
                or not claim_journal.unread(ledger, one.id, one.common_dir)[1]
            )
            usage = ledger.db.execute(
                "SELECT key, name, claim_version, time_ms FROM usage LEFT JOIN claim ON claim.id = claim ORDER BY key"
            )
            claims = ledger.db.execute(
                "SELECT name, claim.version, ifnull(fate, ''), line, cost, tokens FROM claim"
                " LEFT JOIN claim_version ON claim_version.claim = claim.id ORDER BY name, claim_version.version"
            )
            return [*usage.fetchall(), *claims.fetchall()]

    def lose(self) -> None:
        shutil.rmtree(self.ledger)


@pytest.fixture
def person(tmp_path: Path) -> Person:
    return Person(tmp_path)


def told(person: Person) -> None:
    """Have a clone remember versions, records that repeat, a withheld claim, and usage that is gone."""
    for number in range(FILES):
        person.log(range(number * 2, number * 2 + 2), f"s{number:03}")
    person.remember(
        *(Remembered(name(n), 1, line(n), keys(*range(n * 100, n * 100 + 80))) for n in range(4)),
        Remembered(name(1), 2, line(1, 2), keys(180, 181)),
        Remembered(name(1), 2, line(2, 2), keys(182)),
        Remembered(name(5), 1, line(5), keys(500, 501, 100_000)),
        Remembered(name(6), 1, "", keys(600), True),
        Remembered(name(2), 0, "", [], True),
        Remembered(name(7), 1, line(7), keys(500, 700)),
        Remembered(name(8), 1, line(8), keys(100_001)),
    )


def test_usage_is_in_the_claim_that_a_clone_remembers_when_it_is_recorded(person: Person) -> None:
    person.log(range(6))
    person.remember(Remembered(name(1), 1, line(1), keys(1, 2)), Remembered(name(1), 2, line(1, 2), keys(4)))
    person.refresh()
    assert person.claimed(1, 1) == set(keys(1, 2))
    assert person.claimed(1, 2) == set(keys(4))


def test_what_is_bound_while_it_is_recorded_is_what_is_bound_afterwards(person: Person) -> None:
    """A hook imports without asking what is remembered: whoever looks afterwards binds all of it."""
    told(person)
    person.refresh(follow=False)
    person.refresh()
    afterwards = person.state()
    person.lose()
    person.refresh()
    assert person.state() == afterwards
    person.refresh()
    assert person.state() == afterwards


@pytest.mark.few
@pytest.mark.parametrize("until", [0.1, 0.5, 0.95])
def test_killed_in_the_middle_of_it_the_next_look_makes_up_for_it(person: Person, until: float) -> None:
    told(person)
    person.refresh()
    whole = person.state()
    person.lose()
    assert person.start(until).wait() == -signal.SIGKILL
    person.refresh()
    assert person.state() == whole


def test_killed_in_the_middle_of_it_a_hook_and_the_next_look_make_up_for_it(person: Person) -> None:
    told(person)
    person.refresh()
    whole = person.state()
    person.lose()
    assert person.start(0.5).wait() == -signal.SIGKILL
    person.refresh(follow=False)
    person.refresh()
    assert person.state() == whole


def test_two_that_read_the_logs_at_once_bind_all_of_it_once(person: Person) -> None:
    told(person)
    person.refresh()
    whole = person.state()
    person.lose()
    both = [person.start(), person.start()]
    assert [one.wait() for one in both] == [0, 0]
    person.refresh()
    assert person.state() == whole


def test_usage_that_appears_after_its_claim_was_given_back_is_pending(person: Person) -> None:
    """Nobody reads what a clone remembers at each import: what it says is read once."""
    person.log(range(2))
    person.remember(Remembered(name(1), 1, line(1), keys(1)), Remembered(name(2), 1, line(2), keys(5)))
    person.refresh()
    person.log(range(5, 7), "later")
    person.refresh()
    assert person.claimed(1) == set(keys(1))
    assert person.claimed(2) == set()


def test_a_copy_of_a_clone_gets_none_of_the_claims_of_the_original(person: Person, tmp_path: Path) -> None:
    person.log(range(3))
    person.remember(Remembered(name(1), 1, line(1), keys(1, 11)))
    shutil.copytree(person.git.path, tmp_path / "copy")
    person.log(range(10, 13), "copy", cwd=tmp_path / "copy")
    person.refresh()
    assert person.claimed(1) == set(keys(1))


def test_usage_of_one_repository_is_in_no_claim_that_another_remembers(person: Person, tmp_path: Path) -> None:
    GitSandbox(tmp_path / "other").commit()
    person.log(range(3), cwd=tmp_path / "other")
    person.log(range(3, 6), "here")
    person.remember(Remembered(name(1), 1, line(1), keys(1, 4)))
    person.refresh()
    assert person.claimed(1) == set(keys(4))


def test_a_record_that_cannot_be_written_takes_no_claim_from_others(person: Person) -> None:
    """Its transaction is rolled back, with all that was bound in it; then each file is written alone."""
    for number in range(3):
        person.log(range(number * 2, number * 2 + 2), f"s{number}")
    huge = {"input_tokens": 1 << 62, "output_tokens": 1}
    for number in range(3):
        lines = [assistant(f"h{number}{n}", f"h{n}", (T0 + 99) * 1000, usage=huge) for n in range(4)]
        write(person.home / f".claude/projects/p/x{number}.jsonl", *lines)
    person.remember(Remembered(name(1), 1, line(1), keys(0, 3, 5)))
    person.refresh()
    assert person.claimed(1) == set(keys(0, 3, 5))
    person.state()
