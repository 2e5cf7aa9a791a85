"""`tokcost uninstall`: everything of ours leaves all clones, nothing of others does."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.hooked import Hooked
from support.terminal import on_terminal


def traces(repo: Hooked) -> list[str]:
    """Everything in the git folder that is or names something of ours."""
    found: list[str] = []
    for path in sorted(repo.common_dir.rglob("*")):
        inside = str(path.relative_to(repo.common_dir))
        if "tokcost" in inside.lower():
            found.append(inside)
        elif path.is_file() and inside.split("/")[0] in ("config", "hooks", "info", "config.worktree"):
            found += [inside] if b"tokcost" in path.read_bytes().lower() else []
    return found


@pytest.fixture
def other(tmp_path: Path, repo: Hooked) -> Hooked:
    """A second clone of the same person, with a linked worktree, a budget and a hook that was there before."""
    other = Hooked(tmp_path / "other", enabled=False)
    other.home, other.ledger_home = repo.home, repo.ledger_home
    before = other.common_dir / "hooks/commit-msg"
    before.write_text("#!/bin/sh\nexit 0\n")
    before.chmod(0o755)
    other.enable()
    other.tokcost("budget", "set", "20", "--branch", "--block")
    other.work("One")
    other.tokcost("budget", "set", "30", "--branch", "main")
    other.git("worktree", "add", "-q", "../linked", "-b", "side")
    return other


def test_all_clones_that_are_known_are_as_if_we_had_never_been_there(repo: Hooked, other: Hooked) -> None:
    repo.work("One")
    (other.common_dir / "worktrees/linked/TOKCOST_PROPOSAL").write_text("note")
    assert traces(repo)
    assert traces(other)
    done = repo.tokcost("uninstall", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    assert traces(repo) == traces(other) == []
    assert (other.common_dir / "hooks/commit-msg").read_text() == "#!/bin/sh\nexit 0\n"
    assert "Removed from 2 clones." in done.stdout
    assert not list((repo.ledger_home / "consents").glob("*"))
    repo.change()
    assert repo.run("commit", "-m", "Later") != ""
    assert "AI-" not in repo.message()


def test_what_remains_is_named_with_the_command_that_removes_it(repo: Hooked) -> None:
    repo.work("One")
    said = repo.tokcost("uninstall", "--yes").stdout
    assert f"rm -r {repo.ledger_home}\n" in said
    assert f"{sys.executable} -m pip uninstall tokcost\n" in said
    assert "Lines in commits stay" in said
    assert repo.ledger_home.exists()
    assert repo.tokcost("log").returncode == 0


def test_a_record_of_guards_that_cannot_be_parsed_is_named_and_stops_nothing(repo: Hooked) -> None:
    (repo.ledger_home / "guards.json").write_text('{"claude-code": 3}')
    done = repo.tokcost("uninstall", "--yes")
    assert (done.returncode, done.stderr) == (0, "")
    said = " ".join(done.stdout.split())
    assert "guards.json cannot be parsed" in said
    assert "the ledger, its backups, your prices and settings" in said


def test_a_dry_run_says_all_of_it_and_changes_nothing(repo: Hooked) -> None:
    repo.work("One")
    before = traces(repo)
    done = repo.tokcost("uninstall", "--dry-run")
    assert done.returncode == 0
    for word in (".git/hooks/prepare-commit-msg", "tokcost.enabled", "tokcost.consent", ".git/tokcost", "rm -r "):
        assert word in done.stdout
    assert traces(repo) == before


def test_nobody_at_a_terminal_must_say_yes(repo: Hooked) -> None:
    before = traces(repo)
    done = repo.tokcost("uninstall")
    assert done.returncode == 2
    assert "add --yes" in done.stderr
    assert ".git/hooks/post-commit" in done.stdout
    assert traces(repo) == before


def test_a_person_at_a_terminal_is_asked_and_no_is_the_answer_unless_said_otherwise(repo: Hooked) -> None:
    before = traces(repo)
    environ = repo.environ | {"PYTHONPATH": os.pathsep.join(sys.path)}
    said = on_terminal(["uninstall"], repo.path, environ, typed="\n")
    assert "Remove this from 1 clone? [y/N]" in said
    assert "Nothing was changed." in said
    assert traces(repo) == before


def test_doing_it_twice_finds_nothing_more(repo: Hooked) -> None:
    repo.tokcost("uninstall", "--yes")
    again = repo.tokcost("uninstall", "--yes")
    assert (again.returncode, again.stderr) == (0, "")
    assert again.stdout.startswith("There is nothing of tokcost's in any known clone.\n")


def test_a_clone_that_is_gone_is_named_and_stops_nothing(repo: Hooked, other: Hooked) -> None:
    shutil.rmtree(other.path)
    done = repo.tokcost("uninstall", "--yes")
    assert done.returncode == 0
    assert f"1 clone no longer at their place, so nothing is done there: {other.path}" in done.stdout
    assert traces(repo) == []


def test_what_another_user_agreed_to_in_the_same_clone_stays(repo: Hooked) -> None:
    mine = repo.git("config", "tokcost.consent")
    repo.git("config", "tokcost.consent", f"{mine} 4711-abcd-1-2-3")
    done = repo.tokcost("uninstall", "--yes")
    assert done.returncode == 1
    assert "another user of this machine" in done.stdout
    assert repo.git("config", "tokcost.consent") == "4711-abcd-1-2-3"
    assert (repo.common_dir / "hooks/prepare-commit-msg").exists()
    assert not list(repo.common_dir.glob("tokcost-agreed-*"))


def test_a_hook_that_somebody_edited_is_left_and_said(repo: Hooked) -> None:
    hook = repo.common_dir / "hooks/post-commit"
    hook.write_text(hook.read_text() + "echo mine\n")
    done = repo.tokcost("uninstall", "--yes")
    assert done.returncode == 1
    assert f"{repo.path}: " in done.stdout
    assert "post-commit" in done.stdout
    assert hook.exists()
    assert not (repo.common_dir / "hooks/prepare-commit-msg").exists()


def test_a_clone_that_git_refuses_is_named_with_the_reason_and_the_way_on(repo: Hooked, other: Hooked) -> None:
    assert repo.tokcost("budget", "set", "20", "--branch").returncode == 0
    (repo.common_dir / "config").write_text("[core\n")
    done = other.tokcost("uninstall", "--yes")
    assert done.returncode == 1
    assert traces(other) == []
    assert "\nRemoved from 1 of 2 clones. This could not be removed:\n" in done.stdout
    (said,) = (line for line in done.stdout.splitlines() if line.startswith(f"  {repo.path}: "))
    assert "bad config line 1" in said
    assert said.endswith("Repair that line of git's configuration.")


def test_without_any_ledger_the_clone_around_is_cleaned_all_the_same(repo: Hooked) -> None:
    shutil.rmtree(repo.ledger_home)
    assert repo.tokcost("uninstall", "--yes").returncode == 0
    assert traces(repo) == []


def test_the_current_folder_need_not_be_a_repository(repo: Hooked, tmp_path: Path) -> None:
    repo.work("One")
    assert repo.tokcost("uninstall", "--yes", cwd=tmp_path).returncode == 0
    assert traces(repo) == []


def test_a_link_in_the_place_of_our_folder_is_removed_and_not_followed(repo: Hooked, tmp_path: Path) -> None:
    precious = tmp_path / "precious"
    precious.mkdir()
    (precious / "file").write_text("mine")
    shutil.rmtree(repo.common_dir / "tokcost", ignore_errors=True)
    (repo.common_dir / "tokcost").symlink_to(precious)
    repo.tokcost("uninstall", "--yes")
    assert (precious / "file").read_text() == "mine"
    assert not os.path.lexists(repo.common_dir / "tokcost")


def test_uninstalling_starts_no_program_that_the_repository_names(repo: Hooked, tmp_path: Path) -> None:
    repo.git("config", "core.fsmonitor", f"touch {tmp_path}/ran; true")
    repo.git("config", "core.pager", f"touch {tmp_path}/ran; cat")
    assert repo.tokcost("uninstall", "--yes").returncode == 0
    assert not (tmp_path / "ran").exists()
    assert subprocess.run(["git", "config", "core.pager"], cwd=repo.path, check=False).returncode == 0


@pytest.mark.few
@pytest.mark.parametrize(
    "words",
    [("enable", "--yes"), ("hooks", "install"), ("budget", "set", "20", "--branch"), ("budget", "set", "9", "--day")],
)
def test_a_clone_in_which_nothing_was_ever_spent_is_found_from_anywhere(tmp_path: Path, words: tuple[str, ...]) -> None:
    unused = Hooked(tmp_path / "unused", enabled=False)
    assert unused.tokcost(*words).returncode == 0
    assert traces(unused)
    done = unused.tokcost("uninstall", "--yes", cwd=tmp_path)
    assert (done.returncode, traces(unused)) == (0, [])
    assert "more clone" not in done.stdout


def test_a_clone_that_was_purged_is_counted_and_cleaned_once_it_is_said_there(repo: Hooked, other: Hooked) -> None:
    repo.work("One")
    assert repo.tokcost("purge", "--all", "--yes").returncode == 0
    said = "You agreed to cost lines in 1 more clone that the ledger does not know"
    assert said in other.tokcost("uninstall", "--dry-run").stdout
    done = other.tokcost("uninstall", "--yes")
    assert said in done.stdout
    assert traces(other) == []
    assert traces(repo)
    done = repo.tokcost("uninstall", "--yes")
    assert "more clone" not in done.stdout
    assert traces(repo) == []


def test_a_clone_that_was_only_enabled_is_in_no_table(repo: Hooked, tmp_path: Path) -> None:
    unused = Hooked(tmp_path / "unused", enabled=False)
    unused.home, unused.ledger_home = repo.home, repo.ledger_home
    repo.work("One")
    before = repo.tokcost("log", "--all-repos").stdout
    unused.tokcost("enable", "--yes")
    assert repo.tokcost("log", "--all-repos").stdout == before
    assert "No usage" in unused.tokcost("log").stdout
