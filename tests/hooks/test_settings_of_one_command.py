"""`git -c KEY=VALUE commit`: what the caller set for one command holds for everything that its hooks do."""

import os
import subprocess

import pytest

from support.hooked import REPLY, Hooked
from tokcost.model.trailer import Line, highest, read_message
from tokcost_hooks.installation.hooks import install

OPEN = ("-c", "safe.directory=*")
STRANGER = 65_533
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be two users")


def commit_with(repo: Hooked, *settings: str, env: dict[str, str] | None = None) -> list[Line]:
    """Spend, and commit with these settings; the lines of that commit."""
    repo.spend()
    repo.change()
    words = [word for one in settings for word in ("-c", one)]
    repo.run(*words, "commit", "-q", "-m", "Work", env=env)
    return repo.lines()


def test_a_setting_of_ours_holds_for_that_commit_alone(repo: Hooked) -> None:
    (line,) = commit_with(repo, "tokcost.precision=coarse")
    assert not line.exact
    (line,) = commit_with(repo)
    assert line.exact
    (line,) = commit_with(repo, "tokcost.models=false")
    assert line.models == ()


def test_one_commit_can_be_switched_off_and_none_on(repo: Hooked) -> None:
    assert commit_with(repo, "tokcost.enabled=false") == []
    assert repo.replies() == {"total": 1, "bound": 1}
    repo.disable()
    assert commit_with(repo, "tokcost.enabled=true") == []
    mark = repo.git("config", "tokcost.consent")
    repo.git("config", "--unset", "tokcost.consent")
    repo.git("config", "tokcost.enabled", "true")
    said = repo.grumble("-c", f"tokcost.consent={mark}", "commit", "-q", "--allow-empty", "-m", "Not agreed")
    assert "not agreed" in said
    assert repo.lines() == []


def test_a_number_is_true_or_false_as_it_is_for_git(repo: Hooked) -> None:
    repo.git("config", "tokcost.enabled", "2")
    (line,) = commit_with(repo, "tokcost.models=0x1")
    assert line.models != ()
    for hidden in ("", "00", "never"):
        (line,) = commit_with(repo, f"tokcost.models={hidden}")
        assert line.models == ()
    assert commit_with(repo, "tokcost.enabled=0x0") == []
    repo.disable()
    assert commit_with(repo, "tokcost.enabled=2") == []


def test_a_numbered_setting_of_the_environment_holds_as_well(repo: Hooked) -> None:
    numbered = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "tokcost.precision", "GIT_CONFIG_VALUE_0": "coarse"}
    (line,) = commit_with(repo, env=numbered)
    assert not line.exact


@pytest.mark.few
@pytest.mark.parametrize("char", ["%", ";", "auto"])
@pytest.mark.parametrize("own", ["", "@"], ids=["no character of the clone's own", "another one in the clone"])
def test_notes_of_git_are_known_by_the_comment_character_of_that_commit(repo: Hooked, char: str, own: str) -> None:
    if own:
        repo.git("config", "core.commentChar", own)
    repo.spend()
    repo.change()
    repo.run("-c", f"core.commentChar={char}", "commit", "-q", env=repo.editor('sed -i 1s/^/Title/ "$1"'))
    assert repo.git("log", "-1", "--format=%s").strip() == "Title"
    assert [line.tokens for line in repo.lines()] == [REPLY]
    assert "Changes to be committed" not in repo.message()


@pytest.fixture
def foreign(repo: Hooked) -> Hooked:
    """A clone whose files belong to somebody else, and a first commit of ours in it."""
    repo.work("One")
    for path in (repo.path, *repo.path.rglob("*")):
        os.lchown(path, STRANGER, STRANGER)
    return repo


@needs_root
def test_a_clone_of_another_user_is_open_to_hooks_as_it_is_to_git(foreign: Hooked) -> None:
    claims = {line.id for line in read_message(foreign.git(*OPEN, "log", "-1", "--format=%B")).lines}
    for name, more in (("two", ()), ("again", ("--amend",)), ("three", ())):
        (foreign.path / name).write_text(name)
        foreign.run(*OPEN, "add", "-A")
        foreign.spend()
        foreign.run(*OPEN, "commit", "-q", "-m", name, *more)
    found = read_message(foreign.git(*OPEN, "log", "--format=%B")).lines
    assert claims < {line.id for line in found}
    assert sum(line.tokens for line in highest(found).values()) == 4 * REPLY


@needs_root
def test_a_line_that_an_amend_lost_is_written_again_there(foreign: Hooked) -> None:
    foreign.run(*OPEN, "commit", "-q", "--amend", "-m", "Another message")
    foreign.run(*OPEN, "commit", "-q", "--allow-empty", "-m", "Next")
    found = read_message(foreign.git(*OPEN, "log", "-1", "--format=%B")).lines
    assert [line.tokens for line in found] == [REPLY]


def test_a_budget_for_one_command_stops_that_one(repo: Hooked) -> None:
    repo.git("config", "tokcost.budgetBranch", "1000")
    repo.git("config", "tokcost.budgetBranchBlock", "true")
    install(repo.worktree)
    assert commit_with(repo) != []
    repo.spend()
    repo.change()
    limit = ("-c", "tokcost.budgetBranch=0.01")
    done = subprocess.run(["git", *limit, "commit", "-m", "Over"], cwd=repo.path, env=repo.environ, capture_output=True)
    assert (done.returncode, b"over the branch budget" in done.stderr) == (1, True)
    repo.hooked("-m", "Within")
