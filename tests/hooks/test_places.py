"""Which folder the hooks go to: git says it, for worktrees, submodules, and every kind of `core.hooksPath`."""

import json
import os
import shutil
import subprocess
from pathlib import Path, PureWindowsPath

import pytest

from support.hooked import Hooked
from tokcost.errors import EnvironmentProblem
from tokcost.repo.version import CONFIG_HOOKS, git_version, parse_version
from tokcost.repo.worktree import find_worktree
from tokcost_hooks import HOOKS
from tokcost_hooks.installation.hooks import install, install_in_config, uninstall
from tokcost_hooks.installation.in_config import names_in_config
from tokcost_hooks.installation.planned import planned_hooks
from tokcost_hooks.installation.scripts import calls_us, owner, plain_script, shell_word

TEAM = "#!/bin/sh\necho team >> .git/seen\n"


def test_installing_from_one_worktree_serves_all(tmp_path: Path) -> None:
    repo = Hooked(tmp_path)
    repo.change("root")
    repo.git("commit", "-q", "-m", "root")
    uninstall(repo.worktree)
    linked = tmp_path / 'it\'s a "linked" one'
    repo.git("worktree", "add", "-q", "-b", "feat", str(linked))
    found = find_worktree(str(linked))
    assert found is not None
    install(found)
    assert owner(str(repo.path / ".git/hooks/post-commit")) == "ours"
    repo.work("In the main one")
    repo.work("In the linked one", cwd=linked)
    assert len(repo.published()) == 2
    assert repo.replies() == {"total": 2, "carried": 2}


def test_a_submodule_has_hooks_of_its_own(tmp_path: Path) -> None:
    inner = Hooked(tmp_path / "inner", enabled=False)
    inner.change("root")
    inner.git("commit", "-q", "-m", "root")
    outer = Hooked(tmp_path / "outer")
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.path), "sub")
    sub = outer.path / "sub"
    found = find_worktree(str(sub))
    assert found is not None
    outer.agree(cwd=sub)
    install(found)
    assert owner(str(outer.path / ".git/modules/sub/hooks/post-commit")) == "ours"
    outer.spend(cwd=sub)
    outer.change("inside", cwd=sub)
    outer.hooked("-m", "Inside", cwd=sub)
    assert "AI-Cost: " in outer.git("log", "-1", "--format=%B", cwd=sub)


@pytest.mark.few
@pytest.mark.parametrize("setting", ["my hooks", "it's", '"quoted"', "/absolute"])
def test_a_hooks_path_of_the_clone_is_followed(tmp_path: Path, setting: str) -> None:
    repo = Hooked(tmp_path, enabled=False)
    repo.agree()
    path = tmp_path / "outside" if setting == "/absolute" else repo.path / setting
    repo.git("config", "core.hooksPath", str(path) if setting == "/absolute" else setting)
    install(repo.worktree)
    assert owner(str(path / "post-commit")) == "ours"
    assert repo.git("status", "--porcelain") == ""
    repo.work("One")
    assert repo.git("ls-files") == "file"
    assert repo.replies() == {"total": 1, "carried": 1}
    uninstall(repo.worktree)
    assert list(path.iterdir()) == []
    assert "tokcost" not in (repo.path / ".git/info/exclude").read_text()


@pytest.fixture
def everywhere(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Hooked:
    """A repository on a machine with a `core.hooksPath` for all repositories."""
    repo = Hooked(tmp_path, enabled=False)
    (tmp_path / "shared hooks").mkdir()
    settings = tmp_path / "gitconfig"
    settings.write_text(f'[core]\n\thooksPath = "{tmp_path}/shared hooks"\n')
    monkeypatch.setenv("GIT_CONFIG_GLOBAL", str(settings))
    repo.more_environ["GIT_CONFIG_GLOBAL"] = str(settings)
    repo.agree()
    return repo


def test_a_hooks_path_for_all_repositories_is_not_ours_to_change(everywhere: Hooked, tmp_path: Path) -> None:
    with pytest.raises(EnvironmentProblem, match="all your repositories") as caught:
        install(everywhere.worktree)
    assert "tokcost hooks print" in caught.value.hint
    assert list((tmp_path / "shared hooks").iterdir()) == []


def test_the_way_out_by_printing_works(everywhere: Hooked, tmp_path: Path) -> None:
    """Behind what is there, whose exit code holds, and in files of their own."""
    there = tmp_path / "shared hooks" / "commit-msg"
    there.write_text('#!/bin/sh\necho ran >> seen\ntest "$(head -c 2 "$1")" != no\n')
    for hook in HOOKS:
        path = tmp_path / "shared hooks" / hook
        with path.open("a") as stream:
            stream.write(plain_script(hook))
        path.chmod(0o755)
    install(everywhere.worktree)
    everywhere.work("One")
    assert (everywhere.path / "seen").read_text() == "ran\n"
    everywhere.change()
    everywhere.hooked("-m", "no", ok=False)
    assert everywhere.replies() == {"total": 1, "carried": 1}
    (said,) = uninstall(everywhere.worktree)
    assert "you change them" in said
    assert calls_us(str(there))


def test_the_way_out_by_an_own_path_works(everywhere: Hooked) -> None:
    everywhere.git("config", "core.hooksPath", f"{everywhere.path}/.git/hooks")
    install(everywhere.worktree)
    everywhere.work("One")
    assert everywhere.replies() == {"total": 1, "carried": 1}


@pytest.fixture
def project(tmp_path: Path) -> Hooked:
    """A project that keeps a hook of its own in a folder of its own, as many do."""
    repo = Hooked(tmp_path, enabled=False)
    repo.agree()
    (repo.path / ".githooks").mkdir()
    (repo.path / ".githooks/prepare-commit-msg").write_text(TEAM)
    (repo.path / ".githooks/prepare-commit-msg").chmod(0o755)
    repo.git("add", "-A")
    repo.git("commit", "-q", "-m", "hooks")
    repo.git("config", "core.hooksPath", ".githooks")
    return repo


def test_a_hook_that_belongs_to_the_project_is_not_touched_unasked(project: Hooked) -> None:
    done = install(project.worktree)
    assert [(seat.hook, seat.is_committed) for seat in done.missing] == [("prepare-commit-msg", True)]
    assert project.git("status", "--porcelain") == ""
    assert (project.path / ".githooks/prepare-commit-msg").read_text() == TEAM


@pytest.mark.few
@pytest.mark.parametrize("more", ["", "exit 0\n", "exec true\n", "true"])
def test_a_hook_that_belongs_to_the_project_gets_lines_when_asked_to(project: Hooked, more: str) -> None:
    hook = project.path / ".githooks/prepare-commit-msg"
    hook.write_text(TEAM + more)
    before = hook.read_bytes()
    assert install(project.worktree, write=True).missing == ()
    once = hook.read_bytes()
    install(project.worktree)
    assert hook.read_bytes() == once
    assert os.fsencode(project.path) not in once
    project.git("commit", "-q", "-a", "-m", "lines")
    project.work("One")
    assert (project.path / ".git/seen").read_text() == "team\nteam\n"
    assert project.replies() == {"total": 1, "carried": 1}
    uninstall(project.worktree)
    assert hook.read_bytes() == before
    assert sorted(path.name for path in (project.path / ".githooks").iterdir()) == ["prepare-commit-msg"]


def test_the_projects_lines_do_nothing_for_others(project: Hooked, tmp_path: Path) -> None:
    install(project.worktree, write=True)
    project.git("commit", "-q", "-a", "-m", "lines")
    project.git("clone", "-q", str(project.path), str(tmp_path / "other"))
    other = tmp_path / "other"
    project.git("config", "core.hooksPath", ".githooks", cwd=other)
    (other / "new").write_text("x")
    project.git("add", "-A", cwd=other)
    assert project.hooked("-m", "Other", cwd=other) == ""
    assert "AI-Cost" not in project.git("log", "-1", "--format=%B", cwd=other)


def lead_to(repo: Hooked, way: str, folder: Path) -> None:
    """Have git find the hooks of this clone in that folder."""
    if way == "setting":
        repo.git("config", "core.hooksPath", str(folder))
        return
    own, link = repo.common_dir / "hooks", repo.home.parent / "link"
    shutil.rmtree(own)
    link.symlink_to(folder)
    own.symlink_to(folder if way == "link" else link)


@pytest.mark.parametrize("way", ["link", "link to a link", "setting"])
def test_hooks_that_belong_to_another_project_are_not_ours_to_change(project: Hooked, tmp_path: Path, way: str) -> None:
    repo = Hooked(tmp_path / "user", enabled=False, rooted=True)
    lead_to(repo, way, project.path / ".githooks")
    for words in (["enable", "--yes"], ["hooks", "install"], ["hooks", "install", "--write"]):
        done = repo.tokcost(*words)
        assert "files of another repository" in done.stdout + done.stderr, words
        assert project.git("status", "--porcelain", "--ignored") == ""
    assert "so tokcost does not change the hooks there" in repo.tokcost("hooks", "install").stderr
    repo.tokcost("hooks", "uninstall")
    assert project.git("status", "--porcelain", "--ignored") == ""


def add_by_hand(folder: Path) -> dict[str, bytes]:
    """Have the hooks in a folder call ours, as we tell people to; the files with their contents."""
    for hook in HOOKS:
        path = folder / hook
        with path.open("a") as stream:
            stream.write(plain_script(hook))
        path.chmod(0o755)
    return {path.name: path.read_bytes() for path in folder.iterdir()}


@pytest.mark.few
@pytest.mark.parametrize("way", ["link", "setting", "link to a link"])
def test_lines_added_by_hand_to_hooks_of_another_project_are_left_to_its_owner(
    project: Hooked, tmp_path: Path, way: str
) -> None:
    repo, folder = Hooked(tmp_path / "user", enabled=False, rooted=True), project.path / ".githooks"
    lead_to(repo, way, folder)
    before = add_by_hand(folder)
    said = repo.tokcost("enable", "--yes", "--precision", "exact")
    assert said.returncode == 0, said.stderr
    assert "already installed" in said.stdout
    status = repo.tokcost("hooks", "status")
    assert (status.returncode, status.stdout.count("runs, from the shared folder")) == (0, len(HOOKS)), status.stdout
    repo.work("One")
    assert repo.replies() == {"total": 1, "carried": 1}
    dry = repo.tokcost("uninstall", "--dry-run").stdout
    assert str(folder) not in dry
    for words in (["hooks", "uninstall"], ["uninstall", "--yes"]):
        assert "are files of another repository" in " ".join(repo.tokcost(*words).stdout.split()), words
        assert {path.name: path.read_bytes() for path in folder.iterdir()} == before


def test_enabling_promises_no_hook_in_files_of_another_project(project: Hooked, tmp_path: Path) -> None:
    repo = Hooked(tmp_path / "user", enabled=False, rooted=True)
    lead_to(repo, "link", project.path / ".githooks")
    planned = planned_hooks(repo.worktree)
    assert {(one.is_there, one.by_hand) for one in planned} == {(False, True)}
    said = repo.tokcost("enable", "--yes")
    assert "git hooks are installed" not in said.stdout
    assert "need lines in files that are not tokcost's" in said.stdout
    repo.agree()
    status = repo.tokcost("hooks", "status")
    assert "the folder has files of another repository" in " ".join(status.stdout.split())


def test_hooks_of_another_project_that_git_uses_no_more_are_left_to_its_owner(project: Hooked, tmp_path: Path) -> None:
    """`.git/hooks` is a link to them, and core.hooksPath now leads elsewhere."""
    repo = Hooked(tmp_path / "user", enabled=False, rooted=True)
    lead_to(repo, "link", project.path / ".githooks")
    before = add_by_hand(project.path / ".githooks")
    repo.git("config", "core.hooksPath", str(tmp_path / "own"))
    repo.enable()
    assert "left behind" not in repo.tokcost("hooks", "status").stdout
    repo.work("One")
    assert repo.replies() == {"total": 1, "carried": 1}
    assert uninstall(repo.worktree) == []
    assert list((tmp_path / "own").iterdir()) == []
    assert {path.name: path.read_bytes() for path in (project.path / ".githooks").iterdir()} == before


def test_hooks_for_all_repositories_are_left_to_their_owner_behind_a_link_too(
    everywhere: Hooked, tmp_path: Path
) -> None:
    shutil.rmtree(everywhere.common_dir / "hooks")
    (everywhere.common_dir / "hooks").symlink_to(tmp_path / "shared hooks")
    before = add_by_hand(tmp_path / "shared hooks")
    (said,) = uninstall(everywhere.worktree)
    assert "apply to all your repositories" in said
    assert {path.name: path.read_bytes() for path in (tmp_path / "shared hooks").iterdir()} == before


def test_hooks_of_a_submodule_that_belong_to_the_superproject_are_not_ours_to_change(
    project: Hooked, tmp_path: Path
) -> None:
    inner = Hooked(tmp_path / "inner", enabled=False, rooted=True)
    project.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.path), "sub")
    project.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "sub")
    found = find_worktree(str(project.path / "sub"))
    assert found is not None
    hooks = Path(found.common_dir, "hooks")
    shutil.rmtree(hooks)
    hooks.symlink_to(project.path / ".githooks")
    with pytest.raises(EnvironmentProblem, match="another repository"):
        install(found, write=True)
    assert project.git("status", "--porcelain") == ""


def test_hooks_that_only_lie_among_the_files_of_another_project_are_ours(project: Hooked, tmp_path: Path) -> None:
    """As where all of a home is a repository, or a folder beside the hooks is."""
    repo = Hooked(tmp_path / "user", enabled=False, rooted=True)
    (project.path / "untracked").mkdir()
    lead_to(repo, "link", project.path / "untracked")
    repo.enable()
    repo.work("One")
    assert repo.replies() == {"total": 1, "carried": 1}
    uninstall(repo.worktree)
    assert list((project.path / "untracked").iterdir()) == []


def test_enabling_shows_what_is_left_to_do(project: Hooked) -> None:
    project.git("config", "--unset", "tokcost.enabled")
    shown = project.tokcost("enable", "--yes")
    assert shown.returncode == 0, shown.stderr
    assert "prepare-commit-msg does not run yet" in shown.stdout
    assert "Cost lines are on in this clone." in shown.stdout


def test_what_git_is_told_to_ignore_is_taken_back_to_the_last_byte(project: Hooked) -> None:
    exclude = project.path / ".git/info/exclude"
    exclude.write_bytes(b"*.mine")
    install(project.worktree)
    install(project.worktree)
    assert project.git("status", "--porcelain") == ""
    assert exclude.read_bytes().startswith(b"*.mine\n")
    uninstall(project.worktree)
    assert exclude.read_bytes() == b"*.mine"


def test_a_local_file_that_we_made_stays_hidden_however_often_we_install(project: Hooked) -> None:
    (project.path / "lefthook.yml").write_text("commit-msg:\n")
    project.git("add", "-A")
    project.git("commit", "-q", "-m", "lefthook")
    before = project.git("status", "--porcelain", "--ignored")
    for _ in range(3):
        install(project.worktree, write=True)
        assert "lefthook-local.yml" in project.git("status", "--porcelain", "--ignored")
        assert "??" not in project.git("status", "--porcelain")
    uninstall(project.worktree)
    assert project.git("status", "--porcelain", "--ignored") == before


def test_a_hooks_path_that_is_no_folder_is_told(project: Hooked) -> None:
    """`/dev/null` is how people switch hooks off."""
    project.git("config", "core.hooksPath", "/dev/null")
    done = project.tokcost("hooks", "install")
    assert done.returncode == 3
    assert "/dev/null" in done.stderr
    assert "does not exist: no hook runs" in project.tokcost("hooks", "status").stdout
    assert uninstall(project.worktree) == []


@pytest.mark.parametrize("team", [TEAM, TEAM + "exit 0\n"])
def test_a_budget_that_blocks_does_so_from_a_line_in_the_projects_hook(project: Hooked, team: str) -> None:
    hook = project.path / ".githooks/pre-commit"
    hook.write_text(team)
    hook.chmod(0o755)
    project.git("add", "-A")
    project.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "-m", "pre-commit")
    install(project.worktree, write=True)
    project.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "-a", "-m", "lines")
    assert project.tokcost("budget", "set", "0.001", "--branch", "--block").returncode == 0
    project.spend()
    project.change()
    said = project.git("commit", "-q", "-m", "One", ok=False)
    assert (said, project.git("log", "-1", "--format=%s")) == ("", "lines")
    assert project.replies() == {"total": 1, "pending": 1}
    project.git("commit", "-q", "--no-verify", "-m", "One")
    assert project.replies() == {"total": 1, "carried": 1}


def test_an_edited_line_in_a_hook_of_the_project_is_left(project: Hooked) -> None:
    install(project.worktree, write=True)
    hook = project.path / ".githooks/prepare-commit-msg"
    hook.write_text(hook.read_text().replace("code=$?;", "code=0;"))
    edited = hook.read_text()
    assert any("edited" in said for said in uninstall(project.worktree))
    assert hook.read_text() == edited


def test_a_hook_in_another_language_is_shown_the_lines_only(project: Hooked) -> None:
    hook = project.path / ".githooks/prepare-commit-msg"
    hook.write_text("#!/usr/bin/env python3\n")
    (seat,) = install(project.worktree, write=True).missing
    assert "not a shell script" in seat.refusal
    assert hook.read_text() == "#!/usr/bin/env python3\n"


def test_a_hooks_path_set_afterwards_moves_the_hooks_at_the_next_install(tmp_path: Path) -> None:
    repo = Hooked(tmp_path)
    repo.git("config", "core.hooksPath", ".githooks")
    install(repo.worktree)
    assert owner(str(repo.path / ".git/hooks/post-commit")) == "nobody"
    repo.work("One")
    assert repo.replies() == {"total": 1, "carried": 1}
    repo.git("config", "--unset", "core.hooksPath")
    assert uninstall(repo.worktree) == []
    assert list((repo.path / ".githooks").iterdir()) == []


@pytest.mark.parametrize(
    ("said", "version"),
    [
        ("git version 2.39.5", (2, 39)),
        ("git version 2.39.5 (Apple Git-154)", (2, 39)),
        ("git version 2.54.0.windows.1", (2, 54)),
        ("git version 3.0.0-rc1", (3, 0)),
        ("something else", (0, 0)),
    ],
)
def test_every_git_says_its_version_in_its_own_way(said: str, version: tuple[int, int]) -> None:
    assert parse_version(said) == version


def test_hooks_in_gits_configuration_where_this_git_has_them(tmp_path: Path) -> None:
    """The rest of the suite holds either way: they are never needed."""
    repo = Hooked(tmp_path)
    if git_version(repo.path) < CONFIG_HOOKS:
        with pytest.raises(EnvironmentProblem, match="does not run hooks from its configuration"):
            install_in_config(repo.worktree)
        assert names_in_config(repo.worktree) == []
        assert owner(str(repo.path / ".git/hooks/post-commit")) == "ours"
    else:
        install_in_config(repo.worktree)
        assert owner(str(repo.path / ".git/hooks/post-commit")) == "nobody"
    repo.work("One")
    assert repo.replies() == {"total": 1, "carried": 1}


def test_what_a_newer_git_finds_in_its_configuration(tmp_path: Path) -> None:
    """That git cannot be had here: a program of its name says so, and we run the command the way git-hook(1) says."""
    repo = Hooked(tmp_path / "it's here")
    git = shutil.which("git")
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text(f'#!/bin/sh\nif [ "$1" = version ]; then echo git version 2.54.0; else exec {git} "$@"; fi\n')
    fake.chmod(0o755)
    newer = f"{fake.parent}:{os.environ['PATH']}"
    assert repo.tokcost("hooks", "install", "--config", PATH=newer).returncode == 0
    assert names_in_config(repo.worktree) == [f"tokcost-{hook}" for hook in HOOKS if hook != "pre-commit"]
    assert all(owner(str(repo.path / ".git/hooks" / hook)) == "nobody" for hook in HOOKS)
    assert "runs, from git's configuration" in repo.tokcost("hooks", "status", PATH=newer).stdout
    repo.spend()
    message = repo.path / ".git/MESSAGE"
    message.write_text("One\n")
    command = repo.git("config", "hook.tokcost-prepare-commit-msg.command")
    environ = repo.environ | {"GIT_EDITOR": ":"}  # as git says with `-m`
    subprocess.run(
        ["sh", "-c", f'{command} "$@"', command, ".git/MESSAGE", "message"], cwd=repo.path, env=environ, check=True
    )
    assert "AI-Cost: " in message.read_text()
    assert repo.tokcost("hooks", "uninstall", PATH=newer).returncode == 0
    assert names_in_config(repo.worktree) == []
    assert not (repo.path / ".git/tokcost/hooks").exists()


def test_a_git_that_is_too_old_is_named(tmp_path: Path) -> None:
    """An old git cannot be had here: a program of its name says its version."""
    fake = tmp_path / "bin" / "git"
    fake.parent.mkdir()
    fake.write_text("#!/bin/sh\necho git version 2.20.1\n")
    fake.chmod(0o755)
    repo = Hooked(tmp_path / "x", enabled=False)
    done = repo.tokcost("hooks", "install", PATH=f"{fake.parent}:{os.environ['PATH']}")
    assert done.returncode == 3
    assert "git 2.20 is too old" in done.stderr


def test_what_is_printed_is_the_script(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, enabled=False)
    assert repo.tokcost("hooks", "print", "post-commit").stdout == plain_script("post-commit")


def test_install_and_uninstall_say_what_they_did_and_what_is_left(project: Hooked) -> None:
    shown = project.tokcost("hooks", "install")
    assert shown.returncode == 1
    assert "a file of the project that everybody shares" in shown.stdout
    assert "tokcost hooks install --write" in shown.stdout
    assert project.tokcost("hooks", "status").returncode == 1
    assert project.tokcost("hooks", "install", "--write").returncode == 0
    assert project.tokcost("hooks", "status").returncode == 0
    assert project.tokcost("hooks", "uninstall").stdout.startswith("tokcost's hooks are removed")


def test_scripts_are_for_the_shell_of_git_for_windows_too() -> None:
    path = PureWindowsPath(r"C:\Program Files\it's\python.exe")
    assert shell_word(path) == "'C:/Program Files/it'\"'\"'s/python.exe'"
    for hook in HOOKS:
        checked = subprocess.run(["dash", "-n"], input=plain_script(hook), text=True, capture_output=True)
        assert checked.stderr == ""
        assert " [[ " not in plain_script(hook)


def test_doctor_says_in_json_what_runs(tmp_path: Path) -> None:
    repo = Hooked(tmp_path)
    parts = json.loads(repo.tokcost("doctor", "--json").stdout)["parts"]["hooks"]
    found = {part["subject"]: part["found"] for part in parts}
    assert {hook: found[hook] for hook in HOOKS} == dict.fromkeys(HOOKS, "runs") | {
        "pre-commit": "not installed: no budget stops commits"
    }
