"""A file of tokcost's own, such as the ledger, is never the output of a command."""

import os
from pathlib import Path

import pytest

from support.hooked import Hooked

COMMANDS = (
    ("export", "usage", "-o"),
    ("export", "metrics", "-o"),
    ("export", "focus", "-o"),
    ("export", "focus", "--profile", "history", "-o"),
    ("report", "--html"),
)


@pytest.fixture
def repo(tmp_path: Path) -> Hooked:
    found = Hooked(tmp_path, rooted=True)
    found.work("One")
    return found


@pytest.mark.few
@pytest.mark.parametrize("words", COMMANDS, ids=" ".join)
def test_the_ledger_and_what_lies_beside_it_is_no_place_for_output(repo: Hooked, words: tuple[str, ...]) -> None:
    home, link = repo.ledger_home, repo.path.parent / "link.csv"
    link.symlink_to(home / "ledger.db")
    before = (home / "ledger.db").read_bytes()[:100]
    for name in (
        f"{home}/ledger.db",
        f"{home}/prices.toml",
        f"{home}/otel/x.csv",
        "../ledger/ledger.db-wal",
        str(link),
    ):
        done = repo.tokcost(*words, name)
        assert (done.returncode, done.stdout) == (2, "")
        assert f"{name} is a file of tokcost's own, or would become one\n" in done.stderr
    assert (home / "ledger.db").read_bytes()[:100] == before
    assert not (home / "prices.toml").exists()
    beside = repo.tokcost(*words, str(repo.path.parent / "ledger.csv"))
    assert beside.returncode == 0, beside


def test_a_folder_that_was_opened_is_closed_again_also_where_a_guard_is_noted(repo: Hooked) -> None:
    assert repo.tokcost("guard", "install", "claude-code", "--yes").returncode == 0
    os.chmod(repo.ledger_home, 0o755)
    assert repo.tokcost("log").returncode == 0
    assert repo.ledger_home.stat().st_mode & 0o777 == 0o700
