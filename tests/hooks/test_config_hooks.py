"""Hooks in git's own configuration, which git runs from 2.54 on beside those of the folder."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.hooked import Hooked
from tokcost.repo.config_hooks import ConfigHooks, read_config_hooks
from tokcost.repo.version import CONFIG_HOOKS, git_version
from tokcost_hooks import HOOKS
from tokcost_hooks.installation.scripts import owner

HERE = git_version(Path(__file__).parent)

where_git_runs_them = pytest.mark.skipif(HERE < CONFIG_HOOKS, reason="hooks in git's configuration need git 2.54")


@pytest.fixture
def repo(tmp_path: Path) -> Hooked:
    """A repository with hooks in git's configuration; where git is older, one that only claims to run them answers."""
    repo = Hooked(tmp_path, enabled=False)
    repo.agree()
    if HERE < CONFIG_HOOKS:
        fake, git = tmp_path / "bin" / "git", shutil.which("git")
        fake.parent.mkdir()
        fake.write_text(f'#!/bin/sh\nif [ "$1" = version ]; then echo git version 2.55.0; else exec {git} "$@"; fi\n')
        fake.chmod(0o755)
        repo.more_environ["PATH"] = f"{fake.parent}:{os.environ['PATH']}"
    done = repo.tokcost("hooks", "install", "--config")
    assert done.returncode == 0, done.stderr
    return repo


def status(repo: Hooked) -> tuple[int, str]:
    done = repo.tokcost("hooks", "status")
    return done.returncode, " ".join(done.stdout.split())


def configured(repo: Hooked, *settings: str) -> ConfigHooks:
    """The hooks that these settings stand for, each `key=value` or a key alone."""
    path = repo.path / ".git/config"
    with path.open("a") as stream:
        for setting in settings:
            key, _, value = setting.partition("=")
            _, _, rest = key.partition(".")
            name, _, last = rest.rpartition(".")
            stream.write(f'[hook "{name}"]\n\t{last}{" = " + value if "=" in setting else ""}\n')
    return read_config_hooks(repo.worktree, (2, 55))


SETTINGS = {
    "several events": ["hook.a.command=true", "hook.a.event=pre-commit", "hook.a.event=post-commit"],
    "events taken back": ["hook.a.command=true", "hook.a.event=pre-commit", "hook.a.event=", "hook.a.event=post-merge"],
    "a dot in the name": ["hook.a.b.command=true", "hook.a.b.event=pre-commit"],
    "off, and on again": ["hook.a.command=true", "hook.a.event=pre-commit", "hook.a.enabled=no", "hook.a.enabled=2"],
    "off": ["hook.a.command=true", "hook.a.event=pre-commit", "hook.a.enabled=no"],
    "neither on nor off": ["hook.a.command=true", "hook.a.event=pre-commit", "hook.a.enabled=perhaps"],
    "one of two off, one not understood": [
        *("hook.a.command=true", "hook.a.event=pre-commit", "hook.a.enabled=0"),
        *("hook.b.command=true", "hook.b.event=pre-commit", "hook.b.enabled=perhaps"),
    ],
    "all of an event off": ["hook.a.command=true", "hook.a.event=pre-commit", "hook.pre-commit.enabled=false"],
    "off without a command": ["hook.a.event=pre-commit", "hook.a.enabled=false"],
}


def running(hooks: ConfigHooks, event: str) -> list[str]:
    """The names in the way `git hook list` prints them."""
    is_off = event in hooks.events_off
    return [
        ("event-disabled\t" if is_off else "" if one.is_on else "disabled\t") + one.name
        for one in hooks.hooks.values()
        if event in one.events
    ]


@pytest.mark.parametrize(
    ("case", "before", "after"),
    [
        ("several events", ["a"], ["a"]),
        ("events taken back", [], []),
        ("a dot in the name", ["a.b"], []),
        ("off, and on again", ["a"], []),
        ("off", ["disabled\ta"], []),
        ("neither on nor off", ["a"], []),
        ("one of two off, one not understood", ["disabled\ta", "b"], []),
        ("all of an event off", ["event-disabled\ta"], []),
        ("off without a command", ["disabled\ta"], []),
    ],
)
def test_settings_are_understood_as_git_does(tmp_path: Path, case: str, before: list[str], after: list[str]) -> None:
    repo = Hooked(tmp_path, enabled=False)
    hooks = configured(repo, *SETTINGS[case])
    assert (running(hooks, "pre-commit"), running(hooks, "post-commit")) == (before, after)
    assert hooks.problem == ""
    if HERE > CONFIG_HOOKS:
        listed = subprocess.run(
            ["git", "hook", "list", "-z", "pre-commit"], cwd=repo.path, env=repo.environ, capture_output=True, text=True
        )
        assert listed.stdout.split("\0")[:-1] == before


@pytest.mark.few
@pytest.mark.parametrize(
    ("settings", "version", "problem"),
    [
        (["hook.a.event=pre-commit"], (2, 54), "hook.a.command is not set"),
        (["hook.pre-push.event=x", "hook.pre-push.command=true"], (2, 55), "hook.pre-push has the name of an event"),
        (["hook.pre-push.event=x", "hook.pre-push.command=true"], (2, 54), ""),
        (["hook.a.event"], (2, 54), "hook.a.event has no value"),
        (["hook.a.command=true"], (2, 55), ""),
    ],
)
def test_settings_at_which_git_stops_every_commit_are_named(
    repo: Hooked, settings: list[str], version: tuple[int, int], problem: str
) -> None:
    configured(repo, *settings)
    found = read_config_hooks(repo.worktree, version)
    assert (problem in found.problem) if problem else found.problem == ""
    if version == HERE or (version < HERE and problem):
        repo.run("commit", "-q", "--allow-empty", "-m", "One", ok=not problem)
    if problem and version == (2, 55):
        code, said = status(repo)
        assert (code, problem in said, "git cannot commit here" in said) == (1, True, True)


def test_ours_run_from_the_configuration_and_the_status_says_so(repo: Hooked) -> None:
    code, said = status(repo)
    assert (code, "runs, from git's configuration" in said) == (0, True)


@pytest.mark.few
@pytest.mark.parametrize(
    ("settings", "said"),
    [
        (("hook.post-commit.enabled", "false"), "post-commit does not run: hook.post-commit.enabled is false"),
        (
            ("hook.tokcost-post-commit.event", "post-merge"),
            "post-commit does not run: hook.tokcost-post-commit.event is post-merge",
        ),
        (("hook.tokcost-post-commit.command", "true"), "post-commit runs something else: true"),
        (
            ("hook.tokcost-post-commit.command", "sh /elsewhere/.git/tokcost/hooks/post-commit"),
            "post-commit runs something else: sh /elsewhere/.git/tokcost/hooks/post-commit",
        ),
    ],
)
def test_ours_in_the_configuration_changed_by_somebody_are_named(
    repo: Hooked, settings: tuple[str, str], said: str
) -> None:
    repo.git("config", *settings)
    code, told = status(repo)
    assert (code, said in told) == (1, True), told
    repo.git("config", "--unset", settings[0])
    assert repo.tokcost("hooks", "install", "--config").returncode == 0
    assert status(repo)[0] == 0


def test_an_event_switched_off_leaves_hooks_of_the_folder_running(tmp_path: Path) -> None:
    repo = Hooked(tmp_path)
    repo.git("config", "hook.prepare-commit-msg.enabled", "false")
    assert repo.tokcost("hooks", "status").returncode == 0
    repo.work("One")
    assert repo.replies() == {"total": 1, "carried": 1}


def test_a_script_that_is_gone_is_named_and_stops_no_commit(repo: Hooked) -> None:
    shutil.rmtree(repo.path / ".git/tokcost/hooks")
    code, said = status(repo)
    assert (code, "which is not there" in said, "not executable" in said) == (1, True, False)
    repo.work("One")
    assert repo.replies() == {"total": 1, "pending": 1}


def run_as_git_does(repo: Hooked, hook: str, *arguments: str, cwd: Path | None = None) -> None:
    """What git-hook(1) says that git does with the command."""
    command = repo.git("config", f"hook.tokcost-{hook}.command", cwd=cwd)
    words = ["sh", "-c", f'{command} "$@"', command, *arguments]
    environ = repo.environ | {"GIT_EDITOR": ":"}  # as git says with `-m`
    subprocess.run(words, cwd=cwd or repo.path, env=environ, check=True)


def test_a_clone_that_is_renamed_goes_on(repo: Hooked) -> None:
    """Its configuration moves along, and named a script at the old place: git refused every commit then."""
    repo.work("One")
    repo.log()
    repo.path = repo.path.rename(repo.path.with_name("renamed it's"))
    repo.spend()
    assert status(repo)[0] == 0
    if HERE < CONFIG_HOOKS:
        (repo.path / ".git/MESSAGE").write_text("Two\n")
        run_as_git_does(repo, "prepare-commit-msg", ".git/MESSAGE", "message")
        assert "AI-Cost: " in (repo.path / ".git/MESSAGE").read_text()
    else:
        repo.work("Two", cwd=repo.path)
        assert len(repo.lines()) == 1


def test_a_linked_worktree_runs_the_same_scripts(repo: Hooked, tmp_path: Path) -> None:
    repo.change()
    repo.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "root")
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    (tmp_path / "linked/MESSAGE").write_text("One\n")
    git_dir = repo.git("rev-parse", "--absolute-git-dir", cwd=tmp_path / "linked")
    repo.more_environ["GIT_DIR"] = git_dir
    repo.spend(cwd=tmp_path / "linked")
    run_as_git_does(repo, "prepare-commit-msg", "MESSAGE", "message", cwd=tmp_path / "linked")
    assert "AI-Cost: " in (tmp_path / "linked/MESSAGE").read_text()


@where_git_runs_them
def test_a_worktree_of_a_clone_with_configured_hooks_carries_lines(repo: Hooked, tmp_path: Path) -> None:
    repo.work("One")
    repo.git("worktree", "add", "-q", "-b", "side", str(tmp_path / "linked"))
    repo.work("Two", cwd=tmp_path / "linked")
    repo.hooked("--amend", "-m", "Two, again", cwd=tmp_path / "linked")
    assert repo.replies() == {"total": 2, "carried": 1, "pending": 1}


@pytest.mark.parametrize("command", [("enable", "--yes"), ("budget", "set", "10", "--branch", "--block")])
def test_what_installs_hooks_leaves_ours_in_the_configuration(repo: Hooked, command: tuple[str, ...]) -> None:
    done = repo.tokcost(*command)
    assert done.returncode == 0, done.stderr
    assert all(owner(str(repo.path / ".git/hooks" / hook)) == "nobody" for hook in HOOKS)
    found = read_config_hooks(repo.worktree, (2, 55)).hooks
    wanted = [hook for hook in HOOKS if hook != "pre-commit" or "budget" in command]
    assert sorted(found) == sorted(f"tokcost-{hook}" for hook in wanted)


def test_lines_can_be_switched_on_where_a_hooks_path_is_for_all_repositories(tmp_path: Path, repo: Hooked) -> None:
    settings = tmp_path / "gitconfig"
    settings.write_text(f"[core]\n\thooksPath = {tmp_path}/everywhere\n")
    repo.more_environ["GIT_CONFIG_GLOBAL"] = str(settings)
    assert repo.tokcost("hooks", "uninstall").returncode == 0
    refused = repo.tokcost("enable", "--yes")
    assert (refused.returncode, "tokcost hooks install --config" in refused.stderr) == (3, True)
    assert repo.tokcost("hooks", "install", "--config").returncode == 0
    assert repo.tokcost("enable", "--yes").returncode == 0
    assert status(repo)[0] == 0


def test_ours_in_the_folder_as_well_are_named(repo: Hooked) -> None:
    script = (repo.path / ".git/tokcost/hooks/post-commit").read_text()
    (repo.path / ".git/hooks/post-commit").write_text(script)
    (repo.path / ".git/hooks/post-commit").chmod(0o755)
    code, said = status(repo)
    assert (code, "post-commit runs twice" in said) == (1, True)


@where_git_runs_them
def test_hooks_that_run_twice_publish_and_forget_nothing(repo: Hooked) -> None:
    for hook in HOOKS[1:]:
        (repo.path / ".git/hooks" / hook).write_text((repo.path / ".git/tokcost/hooks" / hook).read_text())
        (repo.path / ".git/hooks" / hook).chmod(0o755)
    repo.work("One")
    repo.work("Two")
    assert repo.replies() == {"total": 2, "carried": 2}
    repo.spend()
    repo.change()
    repo.hooked("-e", env=repo.editor('sed -i -e /AI-Cost/d -e /AI-Tokens/d -e "1s/^/Three/" "$1"'))
    assert repo.replies() == {"total": 3, "carried": 2, "withheld": 1}


@where_git_runs_them
def test_every_kind_of_commit_from_the_configuration(repo: Hooked) -> None:
    repo.work("One")
    repo.git("switch", "-q", "-c", "side")
    repo.work("Two", "two")
    repo.spend()
    repo.hooked("--amend", "--no-edit")
    repo.git("switch", "-q", "main")
    repo.work("Three", "three")
    repo.run("merge", "-q", "--no-ff", "-m", "Merge", "side")
    repo.work("Four", "four")
    assert repo.replies() == {"total": 5, "carried": 5}
    assert repo.tokcost("hooks", "uninstall").returncode == 0
    assert read_config_hooks(repo.worktree, (2, 55)).hooks == {}
