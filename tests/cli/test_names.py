"""Names whose bytes are no UTF-8: git allows them for branches, and a shell hands them over as they are."""

import json
from pathlib import Path

import pytest

from support.hooked import REPLY, Hooked

NAME, SHOWN = "caf\udce9", r"caf\xe9"


@pytest.fixture
def repo(tmp_path: Path) -> Hooked:
    found = Hooked(tmp_path, rooted=True)
    found.git("checkout", "-q", "-b", NAME)
    found.now += 10
    found.spend()
    return found


@pytest.mark.parametrize("name", [NAME, SHOWN])
def test_a_branch_is_found_by_its_bytes_and_by_what_screens_show(repo: Hooked, name: str) -> None:
    (row,) = json.loads(repo.tokcost("log", name, "--json").stdout)["branches"]
    assert (row["branch"], row["usage"]) == (SHOWN, 1)
    assert json.loads(repo.tokcost("why", name, "--json").stdout)["list_cost"] == row["list_cost"]
    exported = repo.tokcost("export", "usage", "--branch", name, "--format", "jsonl", "-o", "-")
    assert len(exported.stdout.splitlines()) == 1
    assert repo.tokcost("budget", "set", "20", "--branch", name).returncode == 0
    assert f"{REPLY:,}" in repo.tokcost("purge", "--branch", name, "--dry-run").stdout
    assert repo.tokcost("assign", "main", "--from", name).returncode == 0
    assert repo.tokcost("assign", name, "--from", "main").returncode == 0
    assert repo.tokcost("purge", "--branch", name, "--yes").returncode == 0
    assert json.loads(repo.tokcost("log", "--json").stdout)["totals"]["usage"] == 0


@pytest.mark.parametrize(
    ("words", "what"),
    [
        (("log", ""), "BRANCH"),
        (("log", " "), "BRANCH"),
        (("why", ""), "BRANCH"),
        (("why", "--session", ""), "--session"),
        (("assign", "", "--from", "main"), "BRANCH"),
        (("assign", "main", "--from", ""), "--from"),
        (("export", "usage", "--branch", ""), "--branch"),
        (("budget", "set", "20", "--branch", ""), "--branch"),
    ],
)
def test_a_name_without_characters_is_refused(repo: Hooked, words: tuple[str, ...], what: str) -> None:
    done = repo.tokcost(*words)
    assert (done.returncode, done.stdout) == (2, "")
    assert done.stderr == f"tokcost: {what}: the name is empty\nhint: Name one, or leave it out.\n"


def test_names_of_such_bytes_that_nothing_has_are_a_sentence(repo: Hooked) -> None:
    repo.tokcost("log")
    for words in (
        *(["why", "x\udcff"], ["assign", "main", "--from", "x\udcff"], ["assign", "main", "--session", "\udcff"]),
        *(["purge", "--session", "\udcff", "--dry-run"], ["purge", "--assistant", "\udcff", "--dry-run"]),
        *(["export", "usage", "--branch", "\udcff", "-o", "-"], ["why", "--session", "\udcff"]),
        *(["report", "--dataset", "x" * 5000], ["dataset", "check", "x" * 5000]),
    ):
        done = repo.tokcost(*words)
        assert "bug" not in done.stderr, (words, done.stderr)
        assert done.returncode in (0, 2, 3)
