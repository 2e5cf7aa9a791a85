"""How the arguments of a git process are understood, compared with what git does with the same arguments."""

from pathlib import Path

import pytest

from support.git_sandbox import GitSandbox
from tokcost.repo.calling_git import PARENT, CallingGit, may_allow_empty_message, may_skip_commit_msg
from tokcost.repo.run import on_behalf_of


@pytest.fixture
def repo(tmp_path: Path) -> GitSandbox:
    sandbox = GitSandbox(tmp_path / "repo")
    sandbox.commit()
    sandbox.commit()
    hook = tmp_path / "hooks/commit-msg"
    hook.parent.mkdir()
    hook.write_text("#!/bin/sh\n: > .git/SEEN\n")
    hook.chmod(0o700)
    sandbox.git("config", "core.hooksPath", str(hook.parent))
    return sandbox


def commit(repo: GitSandbox, *arguments: str) -> CallingGit:
    """Run `git commit` with these arguments; the same process as a hook would see it."""
    repo.git("commit", "-q", "--allow-empty", *arguments)
    return CallingGit("1:1", "commit", ("-q", "--allow-empty", *arguments), ())


@pytest.mark.parametrize(
    "arguments",
    [
        ("--amend",),
        ("--amend", "-a"),
        ("-a", "--amend"),
        ("--amend", "-am", "x"),
        ("--amend", "--all"),
        ("--am", "-a"),
        ("--amend", "--allow-empty-"),
        ("--amend", "--no-amend", "-m", "x"),
        ("--no-am", "--amend"),
        ("-m", "--amend"),
        ("--m", "--amend"),
        ("--messa", "--amend"),
        ("-qm--amend",),
        ("-m", "x", "--au", "A <a@example.com>", "--amend"),
        ("-m", "x", "-a"),
    ],
    ids=" ".join,
)
def test_an_amend_is_recognised_among_other_options(repo: GitSandbox, arguments: tuple[str, ...]) -> None:
    git = commit(repo, *arguments)
    assert git.amends == (repo.git("rev-list", "--count", "HEAD") == "2")


@pytest.mark.parametrize(
    "arguments",
    [
        ("-n",),
        ("-an",),
        ("-na",),
        ("--no-verify",),
        ("--no-veri", "-a"),
        ("--no-verify", "--verify"),
        ("--verify", "-n"),
        ("-n", "--veri"),
        ("-c", "HEAD", "-n"),
        ("-uno",),
        ("-m", "-n"),
        ("--m", "-n"),
        ("--da", "now", "-n"),
        ("--end-of-options", "file"),
    ],
    ids=" ".join,
)
def test_a_commit_that_skips_commit_msg_is_recognised(repo: GitSandbox, arguments: tuple[str, ...]) -> None:
    words = () if {"-m", "--m", "-c"} & {*arguments} else ("-m", "x")
    git = commit(repo, *words, *arguments)
    assert git.skips_commit_msg == (not (repo.path / ".git/SEEN").exists())


@pytest.mark.parametrize(
    ("arguments", "allows"),
    [
        (("--allow-empty-message",), True),
        (("--allow-empty-", "-a"), True),
        (("--allow-empty-message", "--no-allow-empty-message"), False),
        (("--no-allow-empty-", "--allow-empty-message"), True),
        ((), False),
    ],
)
def test_a_commit_without_a_message_is_expected_where_git_makes_one(
    repo: GitSandbox, arguments: tuple[str, ...], allows: bool
) -> None:
    repo.git("commit", "-q", "--allow-empty", "-m", "", *arguments, ok=False)
    assert (repo.git("rev-list", "--count", "HEAD") == "3") == allows
    assert CallingGit("1:1", "commit", ("-m", "", *arguments), ()).allows_empty_message == allows


@pytest.mark.parametrize(
    ("arguments", "mode"),
    [
        (("--cleanup=verbatim",), "verbatim"),
        (("--cleanup", "strip", "-a"), "strip"),
        (("--c", "verbatim"), "verbatim"),
        (("--cl=strip", "--cleanup=verbatim"), "verbatim"),
        (("--cleanup=strip", "--no-cleanup"), ""),
        (("-m", "--cleanup=verbatim"), ""),
        ((), ""),
    ],
)
def test_the_mode_of_the_clean_up_is_what_git_uses(repo: GitSandbox, arguments: tuple[str, ...], mode: str) -> None:
    git = commit(repo, *arguments, "-m", "Title\n\n# kept?\n\n")
    kept = repo.git("log", "-1", "--format=%B")
    assert git.cleanup == mode
    # Without an editor git keeps comments unless told to strip them.
    assert ("# kept?" in kept) == (mode != "strip")


def test_a_setting_of_the_command_is_the_mode_unless_an_option_names_another() -> None:
    settings = ("core.editor=true", "Commit.Cleanup=scissors")
    assert CallingGit("1:1", "commit", ("-a",), settings).cleanup == "scissors"
    assert CallingGit("1:1", "commit", ("--cleanup=strip",), settings).cleanup == "strip"
    assert CallingGit("1:1", "commit", ("--cleanup=strip", "--no-cleanup"), settings).cleanup == "scissors"


@pytest.mark.parametrize("between", [" ", "\v", "\f", "\u0085", "\u2028", " one\nmore\n\n999999990 1 "], ids=ascii)
@pytest.mark.parametrize(("option", "skips", "allows"), [("-n", True, False), ("--allow-empty-message", False, True)])
def test_where_only_ps_shows_processes_each_is_a_line(
    tmp_path: Path, between: str, option: str, skips: bool, allows: bool
) -> None:
    ps = tmp_path / "ps"
    ps.write_text(
        f"#!/bin/sh\necho '999999990 1 git commit -m words{between}git commit {option}\n999999991 999999990 sh'\n"
    )
    ps.chmod(0o700)
    environ = {"PATH": str(tmp_path), PARENT: "999999991"}
    with on_behalf_of(environ):
        assert (may_skip_commit_msg(environ), may_allow_empty_message(environ)) == (skips, allows)
