"""Consent belongs to a person in a clone: nobody publishes because somebody else, or they elsewhere, agreed."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.hooked import REPLY, Hooked


def asked_once(repo: Hooked, cwd: Path | None = None, **env: str) -> None:
    """A commit is made; it carries nothing, one line says why, and one how to agree."""
    where = cwd or repo.path
    repo.spend(cwd=where)
    (where / "more").write_text(f"{repo.now}\n")
    repo.git("add", "-A", cwd=where)
    done = subprocess.run(
        ["git", "commit", "-q", "-m", "Not agreed"],
        cwd=where,
        env=repo.environ | env,
        capture_output=True,
        text=True,
        check=True,
    )
    said, hint = done.stderr.splitlines()
    assert "have not agreed" in said
    assert hint == "hint: Run `tokcost enable` to agree, or `tokcost disable` to end this message."
    assert "AI-" not in repo.git("log", "-1", "--format=%B", cwd=where)
    repo.now += 1


def line_of(repo: Hooked, cwd: Path) -> str:
    return repo.git("log", "-1", "--format=%B", cwd=cwd)


@pytest.fixture
def copy(repo: Hooked) -> Path:
    """A copy of an enabled clone, made as people make them."""
    repo.work("One")
    to = repo.path.parent / "copy"
    subprocess.run(["cp", "-a", repo.path, to], check=True)
    return to


def test_a_copy_of_a_clone_publishes_nothing_before_somebody_agrees_there(repo: Hooked, copy: Path) -> None:
    before = (copy / ".git/tokcost/claims").read_bytes()
    asked_once(repo, copy)
    assert (copy / ".git/tokcost/claims").read_bytes() == before
    assert repo.tokcost("enable", "--yes", cwd=copy).returncode == 0
    repo.work("Agreed", cwd=copy)
    assert "AI-Cost" in line_of(repo, copy)
    repo.work("The original goes on")
    assert len(repo.lines()) == 1


def test_a_copy_in_the_place_of_the_original_is_a_copy(repo: Hooked, copy: Path) -> None:
    moved = repo.path.rename(repo.path.with_name("moved"))
    copy.rename(repo.path)
    asked_once(repo)
    repo.work("In the original", cwd=moved)
    assert "AI-Cost" in line_of(repo, moved)


def test_a_clone_that_was_moved_goes_on(repo: Hooked) -> None:
    repo.work("One")
    repo.path = repo.path.rename(repo.path.with_name("moved"))
    repo.work("Two")
    assert len(repo.lines()) == 1


def test_another_home_has_not_agreed(repo: Hooked, tmp_path: Path) -> None:
    repo.work("One")
    elsewhere = {"HOME": str(tmp_path / "other"), "TOKCOST_HOME": str(tmp_path / "other/ledger")}
    shutil.copytree(repo.home, tmp_path / "other")
    asked_once(repo, None, **elsewhere)
    assert not (tmp_path / "other/ledger").exists()
    assert repo.tokcost("enable", "--yes", cwd=None, **elsewhere).returncode == 0
    first = repo.home, repo.ledger_home
    repo.home, repo.ledger_home = tmp_path / "other", tmp_path / "other/ledger"
    repo.work("They agreed")
    assert "AI-Cost" in repo.message()
    repo.home, repo.ledger_home = first
    repo.work("And the first one still does")
    assert "AI-Cost" in repo.message()


def test_worktrees_of_a_clone_share_consent(repo: Hooked, tmp_path: Path) -> None:
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    repo.now += 1
    repo.work("There", cwd=tmp_path / "side")
    assert "AI-Cost" in line_of(repo, tmp_path / "side")


def test_what_holds_is_said_wherever_somebody_looks(repo: Hooked, copy: Path) -> None:
    repo.spend(cwd=copy)
    assert json.loads(repo.tokcost("status", "--json", cwd=copy).stdout)["not_agreed"] is True
    assert "not agreed" in repo.tokcost("status", cwd=copy).stdout
    assert "not agreed" not in repo.tokcost("status").stdout
    for words in (("preview",), ("doctor",), ("hooks", "status")):
        assert "you have not agreed to cost lines in this clone" in " ".join(
            repo.tokcost(*words, cwd=copy, COLUMNS="500").stdout.split()
        ), words
    shown = json.loads(repo.tokcost("preview", "--json", cwd=copy).stdout)
    assert (shown["enabled"], "tokcost enable" in shown["problem"]) == (False, True)


def test_disabling_where_nobody_agreed_ends_the_question(repo: Hooked, copy: Path) -> None:
    assert repo.tokcost("disable", cwd=copy).stdout == "Cost lines are off in this clone.\n"
    repo.work("Quiet", cwd=copy)
    assert "AI-" not in line_of(repo, copy)


@pytest.mark.parametrize("published", [False, True])
def test_agreeing_again_after_it_was_taken_back(repo: Hooked, published: bool) -> None:
    if published:
        repo.work("Published")
    assert repo.tokcost("disable").returncode == 0
    assert repo.git("config", "tokcost.consent") == "nobody"
    repo.work("Quiet")
    assert repo.lines() == []
    repo.git("config", "tokcost.enabled", "true")
    asked_once(repo)
    assert repo.tokcost("enable", "--yes", "--precision", "exact").returncode == 0
    repo.work("Loud")
    assert len(repo.lines()) == 1


def test_a_clone_without_a_mark_asks_again_also_where_lines_were_published(repo: Hooked) -> None:
    """Such as another clone that was put where one was."""
    repo.work("Before")
    repo.git("config", "--unset", "tokcost.consent")
    asked_once(repo)
    assert "not agreed" in repo.tokcost("status").stdout


def test_a_copy_that_is_given_the_number_of_the_folder_it_was_copied_from_has_not_agreed(repo: Hooked) -> None:
    """A file system gives the number of a folder that is gone to the next one, a copy keeps everything but `ctime`."""
    repo.work("Before")
    for agreed in list(repo.common_dir.glob("tokcost-agreed-*")):
        copied = agreed.with_name("copied")
        shutil.copy2(agreed, copied)
        agreed.unlink()
        shutil.copy2(copied, agreed)
    asked_once(repo)
    assert repo.tokcost("enable", "--yes", "--precision", "exact").returncode == 0
    repo.work("Agreed")
    assert len(repo.lines()) == 1


def test_a_clone_that_was_enabled_and_never_used_asks_again(repo: Hooked) -> None:
    repo.git("config", "--unset", "tokcost.consent")
    asked_once(repo)


def test_a_lost_ledger_does_not_lose_consent(repo: Hooked) -> None:
    repo.work("One")
    shutil.rmtree(repo.ledger_home)
    repo.work("Two")
    assert [line.tokens for line in repo.lines()] == [REPLY]


def test_a_commit_that_is_to_carry_nothing_is_not_nagged(repo: Hooked, copy: Path) -> None:
    (copy / "new").write_text("x")
    repo.git("add", "-A", cwd=copy)
    assert repo.hooked("-m", "Quiet", cwd=copy, env={"TOKCOST": "off"}) == ""


def test_what_a_copy_spent_meanwhile_waits(repo: Hooked, copy: Path) -> None:
    asked_once(repo, copy)
    repo.tokcost("enable", "--yes", "--precision", "exact", cwd=copy)
    (copy / "last").write_text("x")
    repo.git("add", "-A", cwd=copy)
    repo.hooked("-m", "Agreed", cwd=copy)
    assert "AI-Cost" in line_of(repo, copy)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
def test_another_user_with_the_same_home_has_not_agreed(repo: Hooked) -> None:
    """Consent of one user is none of another, though both name the same folder."""
    from tokcost.policy.consent import mark

    ours, (reading, writing) = mark(repo.ledger_home, str(repo.common_dir)), os.pipe()
    worktree = repo.worktree
    child = os.fork()
    if not child:
        os.seteuid(65534)
        os.write(writing, mark(repo.ledger_home, worktree.common_dir).encode())
        os._exit(0)
    os.waitpid(child, 0)
    assert os.read(reading, 100).decode() not in ("", ours)


def give_to(path: Path, user: int) -> None:
    for one in (path, *path.rglob("*")):
        os.lchown(one, user, user)


@pytest.mark.skipif(os.geteuid() != 0, reason="needs root")
@pytest.mark.parametrize("user", [0, 65_533], ids=["back to the same", "to somebody else"])
def test_a_clone_whose_files_were_given_away_keeps_the_consent_of_who_agreed(repo: Hooked, user: int) -> None:
    """`sudo chown -R` after root worked in it."""
    repo.work("Before")
    give_to(repo.path, user)
    repo.more_environ |= {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}
    repo.work("After")
    assert [line.tokens for line in repo.lines()] == [REPLY]


def test_a_copy_that_shares_its_files_with_the_original_has_not_agreed(repo: Hooked) -> None:
    """`cp -al` makes links instead of copies."""
    to = repo.path.with_name("links")
    subprocess.run(["cp", "-al", repo.path, to], check=True)
    (to / ".git/index").write_bytes((to / ".git/index").read_bytes())
    asked_once(repo, to)


def test_taking_consent_back_leaves_nothing_of_it_at_home(repo: Hooked) -> None:
    assert list((repo.ledger_home / "consents").iterdir())
    assert repo.tokcost("disable").returncode == 0
    assert list((repo.ledger_home / "consents").iterdir()) == []
    repo.git("config", "tokcost.enabled", "true")
    asked_once(repo)


def test_one_worktree_can_be_switched_off_and_none_on(repo: Hooked) -> None:
    repo.git("config", "extensions.worktreeConfig", "true")
    repo.git("worktree", "add", "-q", "../linked", "-b", "side")
    linked = repo.path.parent / "linked"
    repo.git("config", "--worktree", "tokcost.enabled", "false", cwd=linked)
    repo.work(cwd=linked)
    assert "AI-Cost" not in repo.git("log", "-1", "--format=%B", "side")
    repo.work()
    assert "AI-Cost" in repo.message()
    repo.git("config", "--worktree", "--unset", "tokcost.enabled", cwd=linked)
    repo.disable()
    repo.git("config", "--worktree", "tokcost.enabled", "true", cwd=linked)
    repo.work(cwd=linked)
    assert "AI-Cost" not in repo.git("log", "-1", "--format=%B", "side")
    assert repo.balance() == {"total": 3 * REPLY, "carried": REPLY, "bound": 2 * REPLY}


def test_a_setting_of_a_worktree_is_none_where_the_clone_has_no_such(repo: Hooked) -> None:
    (repo.common_dir / "config.worktree").write_text("[tokcost]\n\tenabled = false\n")
    repo.work()
    assert "AI-Cost" in repo.message()
