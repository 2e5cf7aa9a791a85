"""Lines that another change changed again, with git's blame as the judge."""

import os
import subprocess
import time
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path
from random import Random
from threading import Event, Thread

import pytest

from support.git_sandbox import GitSandbox
from tokcost.history.rework import rework_of
from tokcost.model.changes import Rework
from tokcost.repo.edits import read_edits
from tokcost.repo.history import Files, default_range, find_repository, read_files

DAY = 86_400


@pytest.fixture
def repo(tmp_path: Path) -> GitSandbox:
    return GitSandbox(tmp_path / "repo")


def commit(repo: GitSandbox, days: float = 1, /, **files: str | None) -> str:
    """A commit so many days after the one before, with these files; one without a text is removed."""
    repo.now += round(days * DAY)
    for name, text in files.items():
        path = repo.path / name
        path.parent.mkdir(parents=True, exist_ok=True)
        path.unlink() if text is None else path.write_text(text)
    repo.git("add", "-A")
    repo.git("commit", "-q", "--allow-empty", "-m", "change")
    return repo.git("rev-parse", "HEAD")


def lines(*words: object) -> str:
    return "".join(f"{word}\n" for word in words)


def found(repo: GitSandbox, *changes: str, days: int = 21) -> list[Rework | None]:
    repository = find_repository(str(repo.path))
    fates = rework_of(read_edits(repository, default_range(repository)), changes, days)
    return [fates.get(change) for change in changes]


def test_lines_that_are_replaced_or_removed_in_time_are_changed_again(repo: GitSandbox) -> None:
    one = commit(repo, a=lines(1, 2, 3, 4))
    two = commit(repo, a=lines(1, "two", 4))
    assert found(repo, one, two) == [Rework(4, 2), Rework(1, 0)]


def test_what_comes_later_is_the_life_of_code(repo: GitSandbox) -> None:
    one = commit(repo, a=lines(1, 2))
    commit(repo, 21, a=lines("x", 2))
    commit(repo, 0.5, a=lines("x", "y"))
    assert found(repo, one) == [Rework(2, 1)]
    assert found(repo, one, days=22) == [Rework(2, 2)]


def test_white_space_and_a_new_name_change_nothing(repo: GitSandbox) -> None:
    one = commit(repo, **{"a b": lines(*"abcdefgh")})
    commit(repo, **{"a b": "".join(f"  {word}\n" for word in "abcdefgh")})
    commit(repo, **{"a b": None, "new/näme": "".join(f"  {word}\n" for word in "abcdefgh")})
    assert found(repo, one) == [Rework(8, 0)]
    commit(repo, **{"new/näme": lines("other", *"bcdefgh")})
    assert found(repo, one) == [Rework(8, 1)]


def test_lines_between_which_others_are_put_stay_those_of_their_writer(repo: GitSandbox) -> None:
    one = commit(repo, a=lines(1, 2, 3))
    two = commit(repo, a=lines("x", 1, "y", 2, 3, "z"))
    three = commit(repo, a=lines("x", "y", 2, "z"))
    assert found(repo, one, two, three) == [Rework(3, 2), Rework(3, 0), Rework(0, 0)]


def test_a_merge_is_one_step_and_a_file_that_is_gone_is_changed_again(repo: GitSandbox) -> None:
    commit(repo, root="root\n")
    repo.switch("-qc", "side")
    commit(repo, a=lines(1, 2))
    commit(repo, a=lines(1, "two"))
    repo.switch("-q", "main")
    repo.now += DAY
    repo.git("merge", "-q", "--no-ff", "-m", "Merge", "side")
    merge = repo.git("rev-parse", "HEAD")
    assert found(repo, merge) == [Rework(2, 0)]
    commit(repo, a=None)
    assert found(repo, merge) == [Rework(2, 2)]


def test_lines_that_look_like_gits_own_are_text(repo: GitSandbox) -> None:
    text = lines("-- a", "++ b", "@ -1 +1 @@", "diff --git a b", "commit abc 1", "\\ No newline", "")
    one = commit(repo, a=text + "no newline at the end")
    two = commit(repo, a=text.replace("-- a", "-- c") + "still none")
    assert found(repo, one, two) == [Rework(8, 2), Rework(2, 0)]


def test_what_the_users_settings_say_about_diffs_does_not_matter(repo: GitSandbox) -> None:
    one = commit(repo, a=lines(*range(20)))
    for name, value in {
        "diff.noprefix": "false", "diff.mnemonicPrefix": "true", "diff.interHunkContext": "50", "diff.context": "9",
        "color.ui": "always", "diff.external": "false", "log.showSignature": "true", "diff.submodule": "log",
        "diff.renames": "false", "core.quotePath": "true", "log.diffMerges": "off",
    }.items():  # fmt: skip
        repo.git("config", name, value)
    commit(repo, a=lines("x", *range(1, 19), "y"))
    assert found(repo, one) == [Rework(20, 2)]


@pytest.mark.few
@pytest.mark.parametrize("seed", range(4))
def test_lines_that_stay_are_those_that_git_blames_on_their_writer(repo: GitSandbox, seed: int) -> None:
    chance = Random(seed)
    text: list[str] = []
    made: list[str] = []
    for number in range(14):
        for _ in range(chance.randrange(1, 4)):
            at = chance.randrange(len(text) + 1)
            text[at : at + chance.randrange(4)] = [f"{number} {chance.random()}" for _ in range(chance.randrange(4))]
        made.append(commit(repo, a=lines(*text)))
    blamed = subprocess.run(
        ["git", "blame", "-s", "-w", "--no-abbrev", "--root", "a"],
        cwd=repo.path, capture_output=True, text=True, check=True,
    ).stdout  # fmt: skip
    kept = {one: blamed.count(one) for one in made}
    for one, fate in zip(made, found(repo, *made, days=1000), strict=True):
        assert fate is not None
        assert fate.lines - fate.changed_again == kept[one]


ODD = ["commit x", "line\nend", "\nfirst", "last\n", "tab\there", 'quo"te', "back\\slash", "café", "v\x0bt", "f\x0cf",
       "s\x1cs", "next\x85line", "separator\u2028", os.fsdecode(b"latin-\xe9")]  # fmt: skip


@contextmanager
def unread_pipe(path: Path) -> Generator[None]:
    """A pipe that nobody may open: whoever does is freed at once, and reported."""
    os.mkfifo(path)
    done, waited = Event(), Event()

    def watch() -> None:
        while not done.is_set():
            try:
                os.close(os.open(path, os.O_WRONLY | os.O_NONBLOCK))
            except OSError:
                time.sleep(0.01)
            else:
                waited.set()

    watching = Thread(target=watch)
    watching.start()
    try:
        yield
    finally:
        done.set()
        watching.join()
    assert not waited.is_set(), f"git waited for {path}"


@pytest.mark.parametrize("name", ODD, ids=ascii)
def test_git_waits_for_no_pipe_named_like_attributes_whatever_its_folder_is_called(repo: GitSandbox, name: str) -> None:
    one = commit(repo, **{f"{name}/file": lines(1, 2)})
    two = commit(repo, **{f"{name}/file": lines(1, 3)})
    repository = find_repository(str(repo.path))
    assert found(repo, one) == [Rework(2, 1)]
    assert read_files(repository, [one, two]) == {one: Files({f"{name}/file": 2}), two: Files({f"{name}/file": 2})}
    with unread_pipe(repo.path / name / ".gitattributes"):
        assert found(repo, one) == [None]
        assert read_files(repository, [two]) == {two: Files({f"{name}/file": 1}, counted=False)}


def test_names_of_files_are_those_that_git_has(repo: GitSandbox) -> None:
    one = commit(repo, **dict.fromkeys(ODD, "1\n"))
    read = read_files(find_repository(str(repo.path)), [one])[one]
    assert read.paths == dict.fromkeys(ODD, 1)
