"""`hooks status` and `doctor`: what will run, what will not, why, and what to do."""

import os
import re
import shlex
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.hooked import Hooked
from tokcost.model.checks import Check
from tokcost.repo.version import CONFIG_HOOKS, git_version
from tokcost.repo.worktree import find_worktree
from tokcost_hooks import HOOKS
from tokcost_hooks.installation.hooks import install, uninstall
from tokcost_hooks.installation.report import hook_checks


def checks(repo: Hooked, cwd: Path | None = None, *, enabled: bool = True) -> dict[str, Check]:
    found = find_worktree(str(cwd or repo.path))
    assert found is not None
    return {check.subject: check for check in hook_checks(found, enabled)}


def findings(repo: Hooked, cwd: Path | None = None, *, enabled: bool = True) -> dict[str, str]:
    return {name: check.found for name, check in checks(repo, cwd, enabled=enabled).items() if check.finding}


def hook_file(repo: Hooked, name: str = "prepare-commit-msg") -> Path:
    return repo.path / ".git/hooks" / name


def test_all_is_well_after_installing(repo: Hooked) -> None:
    assert findings(repo) == {}
    shown = repo.tokcost("hooks", "status")
    assert shown.returncode == 0
    assert "Nothing is wrong." in shown.stdout
    assert "lines" in shown.stdout


def test_where_nobody_asked_for_lines_a_missing_hook_is_no_finding(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, enabled=False)
    assert findings(repo, enabled=False) == {}
    assert set(findings(repo, enabled=True)) == {*HOOKS} - {"pre-commit"}
    repo.git("config", "tokcost.budgetBranchBlock", "true")
    assert set(findings(repo, enabled=True)) == {*HOOKS}


def test_somebody_elses_pre_commit_hook_is_no_finding_without_a_budget(repo: Hooked) -> None:
    hook_file(repo, "pre-commit").write_text("#!/bin/sh\nexit 0\n")
    install(repo.worktree)
    assert findings(repo) == {}
    assert checks(repo)["pre-commit"].found == "not installed: no budget stops commits; somebody else's hook is there"
    repo.git("config", "tokcost.budgetDay", "5")
    repo.git("config", "tokcost.budgetDayBlock", "true")
    assert set(findings(repo)) == {"pre-commit"}
    install(repo.worktree)
    assert findings(repo) == {}


def test_a_kept_hook_is_named(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, enabled=False)
    hook_file(repo).write_text("#!/bin/sh\n")
    hook_file(repo).chmod(0o755)
    install(repo.worktree)
    assert checks(repo)["prepare-commit-msg"].found == "runs; prepare-commit-msg.before-tokcost runs first"
    (repo.path / ".git/hooks/prepare-commit-msg.before-tokcost").chmod(0o644)
    assert "does not run" in checks(repo)["prepare-commit-msg"].found


def test_a_hook_that_lost_its_mode_is_named(repo: Hooked) -> None:
    hook_file(repo).chmod(0o644)
    assert "not executable" in findings(repo)["prepare-commit-msg"]
    assert repo.tokcost("doctor").returncode == 1


def test_a_hook_that_somebody_replaced_is_named(repo: Hooked) -> None:
    hook_file(repo).write_text('#!/bin/sh\ncall_lefthook run "x"\n')
    (repo.path / "lefthook.yml").write_text("pre-push:\n")
    assert set(findings(repo)) == {"prepare-commit-msg"}
    hook_file(repo).write_text("#!/bin/sh\nexit 0\n")
    assert findings(repo) == {"prepare-commit-msg": "replaced by somebody since"}


def test_a_hook_that_somebody_deleted_is_named(repo: Hooked) -> None:
    hook_file(repo).unlink()
    assert findings(repo) == {"prepare-commit-msg": "not installed"}


def test_a_python_that_is_gone_is_named_and_installing_again_helps(repo: Hooked) -> None:
    repo.git("config", "tokcost.budgetDay", "5")
    repo.git("config", "tokcost.budgetDayBlock", "true")
    install(repo.worktree)
    lose_python(repo)
    assert set(findings(repo)) == set(HOOKS)
    assert all("its Python is gone (/gone/python)" in found for found in findings(repo).values())
    assert {check.hint for check in checks(repo).values() if check.finding} == {"Run `tokcost hooks install`."}


def lose_python(repo: Hooked) -> None:
    """As if tokcost's environment had been deleted, or Python upgraded away: scripts of then, no interpreter now."""
    real, sys.executable = sys.executable, "/gone/python"
    try:
        install(repo.worktree)
    finally:
        sys.executable = real


def said_at_a_commit(repo: Hooked) -> list[str]:
    repo.change()
    done = subprocess.run(
        ["git", "commit", "-q", "-m", "One"], cwd=repo.path, env=repo.environ, capture_output=True, text=True
    )
    assert done.returncode == 0
    return done.stderr.splitlines()


def test_without_its_python_a_commit_succeeds_and_one_line_says_why_once(repo: Hooked) -> None:
    lose_python(repo)
    repo.spend()
    assert said_at_a_commit(repo) == [
        "tokcost: prepare-commit-msg did not run, its Python is gone (/gone/python);"
        " 'tokcost hooks install' repairs it, 'tokcost hooks uninstall' removes it; this is said once"
    ]
    assert said_at_a_commit(repo) == []
    repo.git("commit", "-q", "--amend", "-m", "Amended")
    assert said_at_a_commit(repo) == []
    assert repo.replies() == {"total": 1, "pending": 1}
    install(repo.worktree)
    repo.change()
    repo.hooked("-m", "Two")
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_program_that_is_gone_behind_a_python_that_is_there_is_said_once_too(repo: Hooked) -> None:
    hook = hook_file(repo)
    hook.write_text(re.sub(r"(?m)^run=.*$", "run=/gone/run.py", hook.read_text()))
    (line,) = said_at_a_commit(repo)
    assert "(/gone/run.py)" in line
    assert said_at_a_commit(repo) == []


def test_what_is_gone_is_said_again_when_it_is_something_else(repo: Hooked) -> None:
    lose_python(repo)
    assert said_at_a_commit(repo)
    hook = hook_file(repo)
    hook.write_text(hook.read_text().replace("/gone/python", "/gone/other"))
    assert "(/gone/other)" in said_at_a_commit(repo)[0]


def test_that_it_was_said_cannot_be_noted_through_a_link_or_a_pipe(repo: Hooked, tmp_path: Path) -> None:
    lose_python(repo)
    precious = tmp_path / "precious"
    precious.write_text("mine")
    (repo.git_dir / "TOKCOST_GONE").symlink_to(precious)
    assert len(said_at_a_commit(repo)) == 1
    assert precious.read_text() == "mine"
    (repo.git_dir / "TOKCOST_GONE").unlink()
    os.mkfifo(repo.git_dir / "TOKCOST_GONE")
    said_at_a_commit(repo)


def test_a_hooks_path_set_afterwards_is_named(repo: Hooked) -> None:
    repo.git("config", "core.hooksPath", ".githooks")
    found = findings(repo)
    assert set(found) == {*HOOKS, "left behind"} - {"pre-commit"}
    assert "git now looks for hooks in" in found["left behind"]
    install(repo.worktree)
    assert findings(repo) == {}


def test_a_hooks_path_for_all_repositories_is_named(repo: Hooked, tmp_path: Path) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text(f"[core]\n\thooksPath = {tmp_path}/shared\n")
    shown = repo.tokcost("hooks", "status", GIT_CONFIG_GLOBAL=str(settings))
    assert shown.returncode == 1
    assert "the folder is for all your repositories" in shown.stdout
    assert "tokcost hooks print commit-msg" in shown.stdout


@pytest.mark.parametrize("scope", ["--local", "--worktree"])
def test_an_absolute_hooks_path_into_another_worktree_is_named(repo: Hooked, tmp_path: Path, scope: str) -> None:
    """Assistants write it when they make a worktree (claude-code issues 27474, 80539, 88747)."""
    linked = tmp_path / "linked"
    repo.git("worktree", "add", "-q", "-b", "feat", str(linked))
    (linked / ".githooks").mkdir()
    (repo.path / ".githooks").mkdir()
    if scope == "--local":
        repo.git("config", "core.hooksPath", str(linked / ".githooks"), cwd=linked)
        where = repo.path
    else:
        repo.git("config", "extensions.worktreeConfig", "true")
        repo.git("config", "--worktree", "core.hooksPath", str(repo.path / ".githooks"), cwd=linked)
        where = linked
    check = checks(repo, where)["folder"]
    # The main worktree stays, and whether ours run from there is said hook by hook.
    assert check.finding is (scope == "--local")
    where = "another" if scope == "--local" else "the main"
    assert f"lies in {where} worktree" in check.found
    assert f"git config {scope} --unset core.hooksPath" in check.hint


def test_a_hooks_path_that_leads_nowhere_is_named(repo: Hooked, tmp_path: Path) -> None:
    repo.git("config", "core.hooksPath", str(tmp_path / "deleted" / "hooks"))
    assert "does not exist: no hook runs" in findings(repo)["folder"]


def test_an_absolute_path_to_gits_own_folder_is_fine(repo: Hooked) -> None:
    repo.git("config", "core.hooksPath", str(repo.path / ".git/hooks"))
    assert findings(repo) == {}


def test_hooks_in_gits_configuration_are_named(repo: Hooked) -> None:
    repo.git("config", "hook.linter.event", "pre-commit")
    repo.git("config", "hook.linter.command", "true")
    found = checks(repo)["in git's config"].found
    assert found.startswith("linter (pre-commit)")
    assert ("does not run them" in found) is (git_version(repo.path) < CONFIG_HOOKS)
    if git_version(repo.path) < CONFIG_HOOKS:
        uninstall(repo.worktree)
        repo.git("config", "hook.tokcost-commit-msg.event", "commit-msg")
        assert findings(repo)["commit-msg"] == "in git's configuration, which this git does not run"


def test_ours_edited_by_hand_runs_and_is_named(repo: Hooked) -> None:
    with hook_file(repo).open("a") as stream:
        stream.write("# mine\n")
    assert checks(repo)["prepare-commit-msg"].found == "runs, edited by somebody"
    assert findings(repo) == {}


def test_a_framework_entry_that_is_not_installed_is_named(repo: Hooked) -> None:
    entry = "repos:\n- repo: x\n  rev: v1\n  hooks:\n  - id: tokcost-commit-msg\n  - id: tokcost-post-commit\n"
    (repo.path / ".pre-commit-config.yaml").write_text(entry)
    assert set(findings(repo)) == {"commit-msg", "post-commit"}
    assert checks(repo)["commit-msg"].hint == "Run `pre-commit install --hook-type commit-msg`."
    (repo.path / ".pre-commit-config.yaml").write_text(entry.replace("  - id", "#  - id"))
    assert findings(repo) == {}


def test_hook_scripts_name_the_interpreter_by_its_whole_path(repo: Hooked) -> None:
    """Programs with windows start git with another PATH."""
    assert f"python={shlex.quote(sys.executable)}\n" in hook_file(repo).read_text()
    repo.spend()
    repo.change()
    tools = repo.home.parent / "bin"
    tools.mkdir()
    for name in ("git", "sh"):
        found = shutil.which(name)
        assert found
        (tools / name).symlink_to(found)
    done = subprocess.run(
        [tools / "git", "commit", "-q", "-m", "One"], cwd=repo.path, env=repo.environ | {"PATH": str(tools)}
    )
    assert done.returncode == 0
    assert repo.replies() == {"total": 1, "carried": 1}


def test_an_empty_hooks_path_runs_nothing_and_is_said(repo: Hooked) -> None:
    repo.git("config", "core.hooksPath", "")
    done = repo.tokcost("hooks", "status")
    assert done.returncode == 1
    assert "core.hooksPath is set and empty (local): no hook runs" in done.stdout
    assert "git config --local --unset core.hooksPath" in done.stdout
    assert "runs;" not in done.stdout
    refused = repo.tokcost("hooks", "install")
    assert (refused.returncode, "set and empty" in refused.stderr) == (3, True)
    assert repo.tokcost("hooks", "uninstall").returncode == 0
    repo.git("config", "--unset", "core.hooksPath")
    assert repo.tokcost("hooks", "install").returncode == 0
    repo.work("One")
    assert len(repo.lines()) == 1


def test_a_hook_in_the_configuration_that_is_switched_off_does_not_run_and_is_said(
    repo: Hooked, tmp_path: Path
) -> None:
    git, fake = shutil.which("git"), tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\nif [ "$1" = version ]; then echo git version 2.54.0; else exec {git} "$@"; fi\n')
    fake.chmod(0o755)
    newer = f"{fake.parent}:{os.environ['PATH']}"
    assert repo.tokcost("hooks", "install", "--config", PATH=newer).returncode == 0
    repo.git("config", "hook.lint.command", "true")
    repo.git("config", "hook.lint.event", "pre-commit")
    repo.git("config", "hook.lint.enabled", "off")
    assert repo.tokcost("hooks", "status", PATH=newer).returncode == 0
    repo.git("config", "hook.tokcost-post-commit.enabled", "false")
    done = repo.tokcost("hooks", "status", PATH=newer)
    assert done.returncode == 1
    said = " ".join(done.stdout.split())
    assert "hook.tokcost-post-commit.enabled is false" in said
    assert "lint (pre-commit, switched off)" in said
    repo.git("config", "hook.tokcost-post-commit.enabled", "true")
    assert repo.tokcost("hooks", "status", PATH=newer).returncode == 0
