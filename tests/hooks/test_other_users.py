"""Other users of the machine, and the links of a project: nothing of theirs is written, believed or run."""

import os
import stat
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from support.hooked import Hooked
from tokcost.errors import EnvironmentProblem
from tokcost.files.private import writable_below, writable_by_others
from tokcost_hooks import HOOKS
from tokcost_hooks.installation.hooks import install

NOBODY = 65534
needs_root = pytest.mark.skipif(os.geteuid() != 0, reason="needs root to be two users")


@pytest.fixture(params=[0o000, 0o002], ids=["umask 000", "umask 002"])
def careless(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Hooked]:
    """A repository of somebody whose umask takes no rights away."""
    before = os.umask(request.param)
    yield Hooked(tmp_path / "careless", enabled=False)
    os.umask(before)


def as_user(uid: int, action: Callable[[], object]) -> bool:
    """Whether an action succeeds as another user."""
    child = os.fork()
    if not child:
        code = 1
        try:
            os.setgroups([])
            os.setgid(uid)
            os.setuid(uid)
            action()
            code = 0
        finally:
            os._exit(code)
    return os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def mode(path: Path) -> int:
    return stat.S_IMODE(path.lstat().st_mode)


def test_no_file_of_ours_can_be_written_or_read_by_others(careless: Hooked) -> None:
    repo = careless
    repo.more_environ = {"XDG_CACHE_HOME": str(repo.home / "cache")}
    before = {path for path in repo.path.rglob("*") if ".git" in path.parts}
    assert repo.tokcost("enable", "--yes", "--precision", "exact").returncode == 0
    assert repo.tokcost("budget", "set", "1000", "--branch", "main").returncode in (0, 2)
    repo.work("One")
    repo.hooked("-e", "--allow-empty", "-m", "Kept", env={"TOKCOST": "off", **repo.editor("sed -i /^AI-/d $1")})
    repo.spend()
    repo.change()
    repo.hooked("-e", "-m", "Edited", env=repo.editor('sed -i "/^AI-/d" "$1"'))
    for words in ("log", "status", "preview", "doctor", "report", "prices list", "hooks status", "disable"):
        repo.tokcost(*words.split())
    ours = [path for path in repo.home.parent.rglob("*") if path.is_relative_to(repo.ledger_home)]
    ours += [path for path in (repo.path / ".git").rglob("*") if "tokcost" in str(path.relative_to(repo.path)).lower()]
    ours += list((repo.home / "cache").rglob("*"))
    assert {"ledger.db", "claims", "history.db"} <= {path.name for path in ours}
    for path in ours:
        wanted = 0o700 if path.is_dir() else 0o755 if path.name in HOOKS else 0o600
        assert (path, oct(mode(path))) == (path, oct(wanted))
    hooks = [path for path in (repo.path / ".git/hooks").iterdir() if path not in before]
    assert len(hooks) >= 5
    assert {mode(path) for path in hooks} == {0o755}


def test_what_a_killed_hook_noted_is_private(careless: Hooked) -> None:
    repo = careless
    repo.enable()
    repo.spend()
    repo.change()
    failing = repo.path / ".git/hooks/commit-msg"
    failing.write_text("#!/bin/sh\nexit 1\n")
    repo.attempt("commit", "-q", "-m", "Refused", env={"TOKCOST": "off"})
    repo.attempt("commit", "-q", "-e", "-m", "Refused", env=repo.editor("true"))
    notes = [path for path in (repo.path / ".git").iterdir() if path.name.lower().startswith("tokcost")]
    assert notes
    assert {mode(path) for path in notes if path.is_file()} == {0o600}


@pytest.mark.few
@pytest.mark.parametrize("name", ["COMMIT_EDITMSG.tokcost", "TOKCOST_PROPOSAL.new", "TOKCOST_PROPOSAL"])
def test_a_link_in_the_git_folder_overwrites_nothing(repo: Hooked, tmp_path: Path, name: str) -> None:
    target = tmp_path / "precious"
    target.write_text("precious")
    (repo.git_dir / name).symlink_to(target)
    repo.work("One")
    repo.work("Two")
    assert len(repo.lines()) == 1
    assert target.read_text() == "precious"


@pytest.mark.few
@pytest.mark.parametrize(
    "name", ["TOKCOST_PROPOSAL", "TOKCOST_KEEP", "TOKCOST_UNSETTLED", "TOKCOST_UNSEEN", "TOKCOST_UNTOUCHED"]
)
def test_no_hook_empties_or_writes_what_a_note_leads_to(repo: Hooked, tmp_path: Path, name: str) -> None:
    target = tmp_path / "precious"
    target.write_text("precious\n")
    for more in ({}, {"TOKCOST": "off"}):
        repo.spend()
        repo.change()
        (repo.git_dir / name).unlink(missing_ok=True)
        (repo.git_dir / name).symlink_to(target)
        repo.hooked("-m", "One", env=more)
        assert target.read_text() == "precious\n"
    repo.work("Two")
    assert target.read_text() == "precious\n"


def test_no_hook_waits_for_a_note_that_is_a_pipe(repo: Hooked) -> None:
    for name in ("TOKCOST_PROPOSAL", "TOKCOST_KEEP"):
        repo.spend()
        repo.change()
        (repo.git_dir / name).unlink(missing_ok=True)
        os.mkfifo(repo.git_dir / name)
        repo.hooked("-m", "One", env={"TOKCOST": "off"})
    repo.work("Two")


@needs_root
def test_what_another_user_noted_is_neither_believed_nor_in_the_way(repo: Hooked) -> None:
    repo.work("One")
    for name in (
        "TOKCOST_PROPOSAL",
        "TOKCOST_UNSETTLED",
        "TOKCOST_UNTOUCHED",
        "TOKCOST_OMIT",
        "TOKCOST_KEEP",
        "tokcost-withheld",
    ):
        note = repo.git_dir / name
        note.write_text(f"{repo.id()}\n")
        os.chown(note, NOBODY, NOBODY)
    (line,) = repo.lines()
    (repo.git_dir / "tokcost-withheld").write_text(f"{line.id}\n")
    repo.work("Two")
    assert len(repo.lines()) == 1
    assert repo.replies() == {"total": 2, "carried": 2}


@needs_root
def test_each_user_of_a_clone_has_a_journal(repo: Hooked) -> None:
    repo.work("One")
    folder = repo.common_dir / "tokcost"
    theirs = (folder / "claims").read_bytes()
    for path in (folder, folder / "claims"):
        os.chown(path, NOBODY, NOBODY)
    repo.work("Two")
    assert (folder / "claims").read_bytes() == theirs
    assert (repo.common_dir / "tokcost-0/claims").read_bytes().strip()
    assert mode(repo.common_dir / "tokcost-0") == 0o700


@needs_root
@pytest.mark.parametrize("mine", [0o700, 0o1777])
def test_a_ledger_in_a_folder_of_somebody_else_is_refused(repo: Hooked, tmp_path: Path, mine: int) -> None:
    folder = tmp_path / "shared"
    folder.mkdir()
    os.chown(folder, NOBODY, NOBODY)
    folder.chmod(mine)
    done = repo.tokcost("log", TOKCOST_HOME=str(folder))
    assert (done.returncode, "belongs to another user" in done.stderr) == (3, True), done.stderr
    assert (list(folder.iterdir()), mode(folder)) == ([], mine)


@needs_root
def test_a_ledger_of_somebody_else_is_not_believed(repo: Hooked) -> None:
    repo.work("One")
    os.chown(repo.ledger_home / "ledger.db", NOBODY, NOBODY)
    for words in (("log",), ("status", "--no-refresh")):
        done = repo.tokcost(*words)
        assert (done.returncode, "belongs to another user" in done.stderr) == (3, True), done.stderr
    done = repo.tokcost("doctor")
    assert (done.returncode, "belongs to another user" in done.stdout) == (1, True), done.stdout
    repo.spend()
    repo.change()
    assert "belongs to another user" in repo.grumble("commit", "-q", "-m", "Two")
    assert repo.lines() == []


@pytest.mark.parametrize(
    ("rights", "inside", "said"),
    [(0o1777, "", "all users"), (0o755, "notes.txt", "notes.txt"), (0o777, ".bashrc", ".bashrc")],
)
def test_a_home_that_is_used_for_other_things_is_refused_and_left(
    repo: Hooked, tmp_path: Path, rights: int, inside: str, said: str
) -> None:
    folder = tmp_path / "used"
    folder.mkdir()
    if inside:
        (folder / inside).write_text("")
    folder.chmod(rights)
    done = repo.tokcost("log", TOKCOST_HOME=str(folder))
    assert (done.returncode, said in done.stderr, "TOKCOST_HOME" in done.stderr) == (3, True, True), done.stderr
    assert mode(folder) == rights
    assert [path.name for path in folder.iterdir()] == ([inside] if inside else [])


def test_a_home_with_nothing_but_our_files_is_closed(repo: Hooked) -> None:
    repo.work("One")
    repo.ledger_home.chmod(0o755)
    repo.work("Two")
    assert mode(repo.ledger_home) == 0o700
    assert len(repo.lines()) == 1


@pytest.fixture
def husky(tmp_path: Path) -> Hooked:
    """A project with husky, whose hook folder has nothing in it yet."""
    repo = Hooked(tmp_path / "of husky", enabled=False)
    (repo.path / ".husky/_").mkdir(parents=True)
    (repo.path / ".husky/_/h").write_text("")
    repo.git("config", "core.hooksPath", ".husky/_")
    return repo


def test_a_link_of_the_project_is_not_written_through(husky: Hooked, tmp_path: Path) -> None:
    target = tmp_path / "precious.sh"
    target.write_text("#!/bin/sh\necho precious\n")
    (husky.path / ".husky/prepare-commit-msg").symlink_to(target)
    with pytest.raises(EnvironmentProblem, match=r"prepare-commit-msg is a link"):
        install(husky.worktree, write=True)
    assert target.read_text() == "#!/bin/sh\necho precious\n"


def test_a_folder_of_the_project_that_leads_elsewhere_is_not_written_to(tmp_path: Path) -> None:
    repo, outside = Hooked(tmp_path / "of links", enabled=False), tmp_path / "outside"
    outside.mkdir()
    (repo.path / ".githooks").symlink_to(outside)
    repo.git("config", "core.hooksPath", ".githooks")
    with pytest.raises(EnvironmentProblem, match="leads out of the repository"):
        install(repo.worktree, write=True)
    assert list(outside.iterdir()) == []


def test_a_lefthook_file_that_is_a_link_is_not_written_through(tmp_path: Path) -> None:
    repo, target = Hooked(tmp_path / "of lefthook", enabled=False), tmp_path / "precious.yml"
    target.write_text("a: 1\n")
    (repo.path / "lefthook.yml").write_text("commit-msg:\n  commands:\n")
    (repo.path / "lefthook-local.yml").symlink_to(target)
    with pytest.raises(EnvironmentProblem, match="is a link"):
        install(repo.worktree, write=True)
    assert target.read_text() == "a: 1\n"


@pytest.mark.parametrize("setting", ["", "absolute"])
@needs_root
def test_a_hooks_folder_of_another_user_is_refused(repo: Hooked, tmp_path: Path, setting: str) -> None:
    theirs = tmp_path / "theirs"
    theirs.mkdir()
    os.chown(theirs, NOBODY, NOBODY)
    if setting:
        repo.git("config", "core.hooksPath", str(theirs))
    else:
        (repo.common_dir / "hooks").rename(tmp_path / "before")
        (repo.common_dir / "hooks").symlink_to(theirs)
    with pytest.raises(EnvironmentProblem, match="belongs to another user"):
        install(repo.worktree)
    assert list(theirs.iterdir()) == []


def test_a_hooks_folder_that_its_user_linked_is_followed(tmp_path: Path) -> None:
    repo, mine = Hooked(tmp_path / "of links", enabled=False), tmp_path / "mine"
    mine.mkdir()
    (repo.common_dir / "hooks").rename(tmp_path / "before")
    (repo.common_dir / "hooks").symlink_to(mine)
    repo.enable()
    repo.work("One")
    assert len(repo.lines()) == 1
    assert (mine / "post-commit").is_file()


@pytest.mark.parametrize(
    ("rights", "risky"), [(0o755, False), (0o775, False), (0o777, True), (0o757, True), (0o1777, False)]
)
def test_what_others_may_change_is_found_in_the_folders_around_it(tmp_path: Path, rights: int, risky: bool) -> None:
    folder = tmp_path / "env/bin"
    folder.mkdir(parents=True)
    (folder / "python").write_text("")
    (folder / "python").chmod(0o755)
    folder.parent.chmod(rights)
    assert writable_by_others(str(folder / "python")) == (str(folder.parent) if risky else "")
    (folder / "python").chmod(0o757)
    assert writable_by_others(str(folder / "python")) == str(folder / "python")


@pytest.mark.parametrize("place", ["package", "package/part", "package/part/module.py", "package/linked.py", "around"])
def test_what_others_may_change_is_found_in_a_folder_below_it_and_where_its_links_lead(
    tmp_path: Path, place: str
) -> None:
    package = tmp_path / "package"
    (package / "part").mkdir(parents=True)
    (tmp_path / "around").mkdir()
    for path in (package / "module.py", package / "part/module.py", tmp_path / "around/target.py"):
        path.write_text("")
    (package / "linked.py").symlink_to(tmp_path / "around/target.py")
    (package / "nowhere.py").symlink_to(tmp_path / "nowhere/target.py")
    (tmp_path / "link").symlink_to(package)
    assert writable_below(str(tmp_path / "link")) == ""
    open_one = (tmp_path / place).resolve()
    open_one.chmod(0o757)
    assert writable_below(str(tmp_path / "link")) == str(open_one)


def test_an_environment_that_others_may_change_is_told(
    repo: Hooked, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    python = tmp_path / "open/python3"
    python.parent.mkdir()
    python.symlink_to(os.path.realpath(sys.executable))
    script = tmp_path / "open/real-python3"
    script.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    script.chmod(0o757)
    monkeypatch.setattr(sys, "executable", str(script))
    done = install(repo.worktree)
    assert any("other users of this machine can change" in one and str(script) in one for one in done.said)


def test_a_hooks_folder_that_others_may_write_is_told_with_what_closes_it(tmp_path: Path) -> None:
    repo = Hooked(tmp_path / "careless", enabled=False)
    hooks = repo.common_dir / "hooks"
    for folder in (repo.common_dir, hooks):
        folder.chmod(0o777)
    enabled = repo.tokcost("enable", "--yes")
    command = f"chmod go-w {hooks} {repo.common_dir}"
    assert enabled.returncode == 0
    for done in (enabled, repo.tokcost("hooks", "status"), repo.tokcost("doctor")):
        said = " ".join((done.stdout + done.stderr).split())
        assert "can write to" in said, said
        assert command in said, said
    subprocess.run(command.split(), check=True)
    for words in ("hooks status", "doctor", "hooks install"):
        assert "can write to" not in repo.tokcost(*words.split()).stdout


def test_a_hooks_folder_elsewhere_that_others_may_write_is_told(repo: Hooked) -> None:
    folder = repo.path / ".githooks"
    folder.mkdir()
    repo.git("config", "core.hooksPath", ".githooks")
    assert repo.tokcost("hooks", "install").returncode == 0
    assert "can write to" not in repo.tokcost("hooks", "status").stdout
    folder.chmod(0o1777)
    assert f"chmod go-w {folder}" in " ".join(repo.tokcost("hooks", "status").stdout.split())


@needs_root
def test_another_user_changes_nothing_that_a_hook_reads(repo: Hooked, tmp_path: Path) -> None:
    """The whole attack: a second user tries each of our files while the umask is open."""
    repo.work("One")
    for above in (*reversed(tmp_path.parents), tmp_path):
        if above.stat().st_mode & 0o005 != 0o005 and above.is_relative_to("/tmp"):
            above.chmod(above.stat().st_mode | 0o055)
    for path in [
        *repo.ledger_home.rglob("*"),
        *(repo.common_dir / "hooks").iterdir(),
        repo.common_dir / "tokcost/claims",
    ]:
        if path.is_file():
            assert not as_user(NOBODY, lambda path=path: path.open("ab"))
    assert not as_user(NOBODY, lambda: (repo.ledger_home / "x").touch())
    subprocess.run(["git", "fsck"], cwd=repo.path, check=True, capture_output=True)
