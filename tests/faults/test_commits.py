"""Hooks that are killed, or whose calls fail, at each moment: the commit happens with the message that was written, and
what follows publishes all usage once."""

from collections.abc import Mapping
from pathlib import Path

import pytest

from faults.world import Done, Story, World, published_once, run, unfinished
from support.boundaries import CAN_FAIL, FAULTS, Boundaries, Fault, Moment, chosen, record_figures
from support.editor import Editor
from support.hooked import Hooked

pytestmark = [pytest.mark.slow, pytest.mark.skipif(not CAN_FAIL, reason="faults are injected on Linux, with cc")]
BODY = "Subject\n\nA body, of two\nlines with änd."


def plain(folder: Path) -> Hooked:
    repo = Hooked(folder, rooted=True)
    repo.work("Before")
    return repo


def fresh(folder: Path) -> Hooked:
    """There is no ledger."""
    return Hooked(folder, rooted=True)


def limited(folder: Path) -> Hooked:
    """A budget stops commits, and is not used up."""
    repo = plain(folder)
    assert repo.tokcost("budget", "set", "1000", "--branch", "--block").returncode == 0
    return repo


def with_branch(folder: Path) -> Hooked:
    """Two commits with lines on a branch that is behind `main`."""
    repo = plain(folder)
    repo.switch("-c", "feat/x")
    repo.work("One", "one")
    repo.work("Two", "two")
    repo.switch("main")
    repo.work("Main", "main")
    return repo


def commit(repo: Hooked, environ: Mapping[str, str], *words: str) -> Done:
    repo.spend()
    repo.change()
    now = {name: value for name, value in repo.environ.items() if name.startswith("GIT_")}
    done = run(["git", "commit", "-q", *(words or ("-m", BODY))], repo, {**environ, **now})
    repo.now += 1
    return done


def amend(repo: Hooked, environ: Mapping[str, str]) -> Done:
    return commit(repo, environ, "--amend", "--no-edit")


def squash(repo: Hooked, environ: Mapping[str, str]) -> Done:
    repo.git("merge", "-q", "--squash", "feat/x", ok=False)
    return commit(repo, environ)


def merge(repo: Hooked, environ: Mapping[str, str]) -> Done:
    repo.spend()
    return run(["git", "merge", "-q", "--no-ff", "-m", BODY, "feat/x"], repo, environ)


def rebase(repo: Hooked, environ: Mapping[str, str]) -> Done:
    """The other branch is rebased, and its commits are melted into one."""
    repo.switch("feat/x")
    melted = {"GIT_SEQUENCE_EDITOR": "sed -i -e '2s/^pick/fixup/'"}
    done = run(["git", "rebase", "-q", "-i", "main"], repo, {**environ, **melted})
    repo.now += 1
    repo.switch("main")
    return done


def succeeded(repo: Hooked, done: Done) -> None:
    assert done.returncode == 0, done.stderr
    assert done.stderr.count("tokcost: ") <= 6, done.stderr  # one line for each hook


def happened(repo: Hooked, done: Done) -> None:
    """The commit is there, with its message and at most lines of ours behind it."""
    succeeded(repo, done)
    own = [line for line in repo.message().splitlines() if not line.startswith(("AI-Cost: ", "AI-Tokens: ", "  "))]
    assert "\n".join(own).rstrip() == BODY, repo.message()
    assert repo.git("status", "--porcelain") == ""


def outcome(repo: Hooked) -> object:
    """The balance after one more commit."""
    repo.work("After")
    left = unfinished(repo.common_dir, repo.ledger_home)
    assert not [name for name in left if not name.startswith("MERGE_MSG")], left  # which the next merge takes away
    return repo.replies()


def outcome_of_both(repo: Hooked) -> object:
    """The same after a commit on the other branch too."""
    repo.switch("feat/x")
    repo.work("After", "after")
    repo.switch("main")
    return outcome(repo)


def outcome_once(repo: Hooked) -> object:
    found = outcome(repo)
    published_once(repo)
    return found


STORIES = {
    "commit": Story(plain, commit, outcome_once, happened),
    "first commit": Story(fresh, commit, outcome_once, happened),
    "commit with a budget": Story(limited, commit, outcome_once, happened),
    "amend": Story(plain, amend, outcome_once, succeeded),
    "squash": Story(with_branch, squash, outcome, happened),
    "merge": Story(with_branch, merge, outcome, happened),
    "rebase": Story(with_branch, rebase, outcome_of_both, succeeded),
}


@pytest.fixture(scope="module", params=STORIES)
def world(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> World:
    return World(tmp_path_factory.mktemp("faults"), request.param, STORIES[request.param])


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_commit_happens_whatever_meets_its_hooks(world: World, fault: Fault) -> None:
    world.try_all(fault, 1)


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.name)
def test_a_commit_happens_whatever_meets_the_server_that_works_for_its_hooks(fault: Fault, tmp_path: Path) -> None:
    world = tmp_path / "world"
    repo = plain(world)
    scratch = tmp_path / "control"
    scratch.mkdir()
    boundaries = Boundaries(scratch, world)
    own_process = {**repo.environ, **boundaries.environ, "PYTHONHASHSEED": "0"}

    def served_commit(number: int) -> tuple[list[Moment], int]:
        """The calls from the commit on, and how many failed; then one more commit without a server."""
        with Editor(own_process, repo.path) as editor:
            editor.open()
            editor.wait(repo.is_served)
            with boundaries.watched(fault) as moments:
                boundaries.arm(number, fault)
                happened(repo, commit(repo, repo.environ))
                failed = boundaries.disarm()
        repo.work("After")
        assert set(repo.replies()) == {"total", "carried"}
        published_once(repo)
        return moments, failed

    moments, _ = served_commit(0)
    picked = chosen(moments, 1, f"served {fault.name}")
    met = sum(served_commit(moment.number)[1] > 0 for moment in picked)
    assert repo.replies() == {"total": 3 + 2 * len(picked), "carried": 3 + 2 * len(picked)}
    record_figures("commit served by an editor", fault.name, moments=len(moments), met=met)
