"""Several users of one clone: root by `sudo`, a container, a shared repository. Every commit succeeds, each person's
line is theirs alone, and whoever has agreed hears nothing."""

import os
import re
import shlex
import shutil
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.hooked import REPLY, Hooked
from support.tables import few
from tokcost.model.trailer import Line, read_message
from tokcost_hooks import HOOKS
from tokcost_hooks.installation.hooks import install

OWNER, OTHER, GROUP = 65_531, 65_532, 65_530
PYTHON = "/usr/bin/python3"
"""One that every user may run; the tests' own may lie in root's home."""
PACKAGES = [folder for folder in sys.path if folder and not folder.startswith(sys.base_prefix)]


def can_be_several() -> bool:
    """Whether this machine lets us be several users who can all run tokcost."""
    if os.geteuid() != 0 or not os.path.exists(PYTHON):
        return False
    version = tuple(sys.version_info[:2])
    asked = f"import sys; sys.path += {PACKAGES}; import msgspec, tokcost; sys.exit(sys.version_info[:2] != {version})"
    done = subprocess.run([PYTHON, "-I", "-c", asked], user=OWNER, group=OWNER, extra_groups=[], cwd="/", check=False)
    return done.returncode == 0


pytestmark = pytest.mark.skipif(not can_be_several(), reason="needs root, and a Python that all users may run")
OPEN = {"GIT_CONFIG_COUNT": "1", "GIT_CONFIG_KEY_0": "safe.directory", "GIT_CONFIG_VALUE_0": "*"}


def give(user: int, *paths: Path, group: int | None = None) -> None:
    for path in paths:
        for one in (path, *path.rglob("*")):
            os.lchown(one, user, user if group is None else group)


class Person(Hooked):
    """One of those who work in a clone, with a home and a ledger of their own."""

    def __init__(self, repo: Hooked, user: int, umask: int = 0o022) -> None:
        self.__dict__.update(repo.__dict__)
        self.user, self.umask = user, umask
        self.home = repo.path.parent / f"home-{user}"
        self.ledger_home = self.home / "ledger"
        self.more_environ = OPEN
        self.home.mkdir()
        give(user, self.home)

    def do(self, *words: str, **environ: str) -> "subprocess.CompletedProcess[str]":
        """A program, as this person runs it."""
        return subprocess.run(
            words,
            cwd=self.path,
            env=self.environ | environ,
            capture_output=True,
            stdin=subprocess.DEVNULL,
            text=True,
            user=self.user,
            group=self.user,
            extra_groups=[GROUP],
            umask=self.umask,
        )

    def tokcost(self, *words: str, cwd: Path | None = None, **more: str) -> "subprocess.CompletedProcess[str]":
        program = f"import sys; sys.path += {PACKAGES}; from tokcost.cli.start import main; main()"
        return self.do(PYTHON, "-I", "-c", program, *words, **more)

    def agrees(self) -> None:
        done = self.tokcost("enable", "--yes", "--precision", "exact")
        assert done.returncode == 0, done.stderr

    def commits(self, *options: str, **environ: str) -> tuple[int, str]:
        """Spend, change a file of their own, commit; exit code and what was heard of us."""
        self.spend()
        give(self.user, self.home)
        (self.path / f"file-{self.user}").write_text(f"{self.now}\n")
        give(self.user, self.path / f"file-{self.user}")
        self.do("git", "add", "-A")
        done = self.do("git", "commit", "-q", *(options or ("-m", "Work")), **environ)
        self.now += 1
        assert done.returncode == 0 or environ, done.stderr
        return done.returncode, "".join(line for line in done.stderr.splitlines(True) if "tokcost: " in line)

    def carried(self) -> list[Line]:
        return read_message(self.do("git", "log", "-1", "--format=%B").stdout).lines


@pytest.fixture
def clone() -> Iterator[Hooked]:
    """A repository that nobody has agreed in, in a folder that everybody may enter: pytest closes its own to others."""
    with tempfile.TemporaryDirectory() as folder:
        Path(folder).chmod(0o755)
        repo = Hooked(Path(folder) / "clone", enabled=False)
        repo.change("root")
        repo.git("commit", "-q", "-m", "root")
        yield repo


def work_as_root(root: Person, how: str) -> None:
    """What root does in somebody else's clone."""
    if how == "given up":
        root.commits("--edit", GIT_EDITOR="false")
    elif how == "switched off":
        root.commits("-m", "Root", TOKCOST="off")
    elif how == "amended":
        root.commits("--amend", "-m", "Root")
    elif how == "rebased":
        root.do("git", "rebase", "-q", "--force-rebase", "HEAD~1")
    elif how == "agreed":
        root.agrees()
        root.commits()
        root.commits("-e", "-m", "Kept", GIT_EDITOR="sed -i /^AI-/d")
    else:
        root.commits()


@pytest.mark.parametrize("how", few(["made", "given up", "switched off", "amended", "rebased", "agreed"], 2))
@pytest.mark.parametrize(
    "umask", [pytest.param(0o022, id="umask 022", marks=pytest.mark.slow), pytest.param(0o077, id="umask 077")]
)
def test_what_root_left_in_the_git_folder_is_in_nobodys_way(clone: Hooked, how: str, umask: int) -> None:
    """People give git's own files back to the owner; ours they do not know."""
    give(OWNER, clone.path)
    owner, root = Person(clone, OWNER), Person(clone, 0, umask)
    owner.agrees()
    assert owner.commits() == (0, "")
    root.now = owner.now
    work_as_root(root, how)
    owner.now = root.now
    git = clone.path / ".git"
    give(OWNER, *(git / name for name in ("objects", "index", "COMMIT_EDITMSG", "logs", "refs", "HEAD")))
    for file in clone.path.glob("file-*"):
        give(OWNER, file)
    for spent in (2 if how in ("amended", "rebased") else 1, 1):
        assert owner.commits() == (0, "")
        assert sum(line.tokens for line in owner.carried()) in (REPLY, spent * REPLY)


@pytest.mark.slow
def test_the_hooks_of_one_person_speak_once_to_another_who_has_not_agreed(clone: Hooked) -> None:
    give(OWNER, clone.path)
    owner, root = Person(clone, OWNER), Person(clone, 0)
    owner.agrees()
    code, said = root.commits()
    assert (code, said.count("tokcost: ")) == (0, 1)
    assert root.carried() == []


@pytest.fixture(params=few(["group", "all", "0660"], 1))
def shared(clone: Hooked, request: pytest.FixtureRequest) -> Hooked:
    """A repository that two people of a group work in (`git init --shared`)."""
    clone.git("config", "core.sharedRepository", getattr(request, "param", "group"))
    give(OWNER, clone.path, group=GROUP)
    for one in (clone.path, *clone.path.rglob("*")):
        if not one.is_symlink():
            one.chmod(one.stat().st_mode | (0o2070 if one.is_dir() else 0o060))
    return clone


@pytest.mark.slow
def test_two_people_of_a_group_commit_in_turns(shared: Hooked) -> None:
    one, two = Person(shared, OWNER), Person(shared, OTHER, 0o077)
    one.agrees()
    two.agrees()
    for _ in range(2):
        for here, there in ((one, two), (two, one)):
            assert here.commits() == (0, "")
            assert [line.tokens for line in here.carried()] == [REPLY]
            there.now = here.now
    for how in (("--amend", "--no-edit"), ("-e", "-m", "Kept")):
        assert one.commits(*how, GIT_EDITOR="sed -i /^AI-/d")[0] == 0
        two.now = one.now
        assert two.commits() == (0, "")
        one.now = two.now


@pytest.mark.few
@pytest.mark.parametrize(
    ("setting", "wanted"),
    [("group", 0o775), ("all", 0o775), ("1", 0o775), ("0660", 0o770), ("0640", 0o750), ("umask", 0o755), ("", 0o755)],
)
def test_hooks_have_the_rights_that_git_gives_to_files_of_a_shared_repository(
    tmp_path: Path, setting: str, wanted: int
) -> None:
    repo = Hooked(tmp_path / "clone", enabled=False)
    if setting:
        repo.git("config", "core.sharedRepository", setting)
    install(repo.worktree)
    for hook in HOOKS[1:]:
        assert oct(mode(repo.common_dir / "hooks" / hook)) == oct(wanted)
    assert "is not executable" not in repo.tokcost("hooks", "status").stdout


def test_scripts_that_lines_in_other_files_call_can_be_read_by_the_group(tmp_path: Path) -> None:
    repo = Hooked(tmp_path / "clone", enabled=False)
    repo.git("config", "core.sharedRepository", "group")
    (repo.path / ".githooks").mkdir()
    (repo.path / ".githooks/post-commit").write_text("#!/bin/sh\n")
    (repo.path / ".githooks/post-commit").chmod(0o755)
    repo.git("add", "-A")
    repo.git("config", "core.hooksPath", ".githooks")
    install(repo.worktree, write=True)
    script = repo.common_dir / "tokcost/hooks/post-commit"
    assert [oct(mode(path)) for path in (script, script.parent, script.parent.parent)] == ["0o775", "0o770", "0o770"]


def mode(path: Path) -> int:
    return stat.S_IMODE(path.stat().st_mode) & 0o777


@pytest.mark.slow
@pytest.mark.parametrize("name", ["tokcost", f"tokcost-{OWNER}"])
def test_a_journal_that_cannot_be_written_costs_a_line_and_no_commit(clone: Hooked, name: str) -> None:
    give(OWNER, clone.path)
    owner = Person(clone, OWNER)
    owner.agrees()
    git = clone.path / ".git"
    shutil.rmtree(git / "tokcost", ignore_errors=True)
    if name != "tokcost":
        (git / "tokcost").mkdir()  # of root
    (git / name).write_text("a file where a folder is needed\n")
    give(OWNER, git / name)
    code, said = owner.commits()
    assert (code, [line.startswith("tokcost: ") for line in said.splitlines() if line]) == (0, [True])
    assert owner.carried() == []
    (git / name).unlink()
    assert owner.commits() == (0, "")
    assert sum(line.tokens for line in owner.carried()) == 2 * REPLY


def keeps_out(person: Person, how: str) -> None:
    """A commit whose line its author takes out in the editor, and whose post-commit comes to nothing: it does not run
    at all, or its Python is stopped at once."""
    path = person.path / ".git/hooks/post-commit"
    whole, mode = path.read_bytes(), path.stat()
    if how == "not run":
        path.write_text("#!/bin/sh\nexit 0\n")
    else:
        path.write_bytes(whole.replace(b"\npython=", b"\npython=/usr/bin/false #", 1))
    assert person.commits("-e", "-m", "Kept", GIT_EDITOR="sed -i /^AI-/d")[0] == 0
    path.write_bytes(whole)
    assert path.stat().st_ino == mode.st_ino
    assert person.carried() == []


@pytest.mark.slow
@pytest.mark.parametrize("how", few(["not run", "stopped"], 1))
@pytest.mark.parametrize("shared", ["group"], indirect=True)
def test_what_one_took_out_stays_out_whatever_another_commits_before_it_is_settled(shared: Hooked, how: str) -> None:
    """Either has notes of their own, the owner of the git folder and whoever is not."""
    one, two = Person(shared, OWNER), Person(shared, OTHER, 0o077)
    one.agrees()
    two.agrees()
    for here, there in ((one, two), (two, one)):
        keeps_out(here, how)
        there.now = here.now
        keeps_out(there, how)
        assert there.commits() == (0, "")
        assert [line.tokens for line in there.carried()] == [REPLY]
        here.now = there.now
        assert here.commits() == (0, "")
        assert [line.tokens for line in here.carried()] == [REPLY]
        there.now = here.now


@pytest.mark.slow
@pytest.mark.parametrize("shared", ["group"], indirect=True)
def test_a_commit_that_one_gave_up_and_the_commit_of_another_there_keep_nothing_back(shared: Hooked) -> None:
    one, two = Person(shared, OWNER), Person(shared, OTHER, 0o077)
    one.agrees()
    two.agrees()
    for here, there in ((one, two), (two, one)):
        assert here.commits("--edit", GIT_EDITOR="false")[0] != 0
        there.now = here.now
        assert there.commits() == (0, "")
        assert [line.tokens for line in there.carried()] == [REPLY]
        here.now = there.now
        assert here.commits() == (0, "")
        assert [line.tokens for line in here.carried()] == [2 * REPLY]
        there.now = here.now


def as_the_framework(clone: Hooked) -> None:
    """Hooks as the pre-commit framework starts them by its own configuration: no script of ours is there."""
    program = f"import sys; sys.path += {PACKAGES}; from tokcost_hooks.run import main; main()"
    for hook in HOOKS:
        path = clone.path / ".git/hooks" / hook
        path.write_text(f'#!/bin/sh\nexec {PYTHON} -I -c {shlex.quote(program)} {hook} "$@"\n')
        path.chmod(0o775)


@pytest.mark.slow
@pytest.mark.parametrize("shared", ["group"], indirect=True)
def test_so_it_does_in_hooks_that_no_script_of_ours_starts(shared: Hooked) -> None:
    one, two = Person(shared, OWNER), Person(shared, OTHER, 0o077)
    one.agrees()
    two.agrees()
    as_the_framework(shared)
    for here, there in ((one, two), (two, one)):
        keeps_out(here, "not run")
        there.now = here.now
        keeps_out(there, "not run")
        assert there.commits() == (0, "")
        assert [line.tokens for line in there.carried()] == [REPLY]
        here.now = there.now
        assert here.commits() == (0, "")
        assert [line.tokens for line in here.carried()] == [REPLY]
        there.now = here.now
    assert (shared.path / f".git/tokcost-notes-{OTHER}").stat().st_mode & 0o777 == 0o700
    assert not (shared.path / f".git/tokcost-notes-{OWNER}").exists()


@pytest.mark.slow
@pytest.mark.parametrize("shared", ["group"], indirect=True)
@pytest.mark.parametrize("note", few(["TOKCOST_UNSETTLED", "TOKCOST_UNSEEN", "TOKCOST_PROPOSAL"], 2))
def test_notes_that_an_older_tokcost_wrote_are_dealt_with(shared: Hooked, note: str) -> None:
    """It knew one name for all users."""
    one, two = Person(shared, OWNER), Person(shared, OTHER, 0o077)
    one.agrees()
    two.agrees()
    assert two.commits() == (0, "")
    keeps_out(two, "not run")
    git = shared.path / ".git"
    (git / f"tokcost-notes-{OTHER}/TOKCOST_PROPOSAL").rename(git / note)
    assert two.commits() == (0, "")
    assert [line.tokens for line in two.carried()] == [REPLY]


@pytest.mark.slow
@pytest.mark.parametrize("shared", ["group"], indirect=True)
def test_notes_are_found_when_a_clone_is_given_to_another_user(shared: Hooked) -> None:
    one, two = Person(shared, OWNER), Person(shared, OTHER, 0o077)
    one.agrees()
    two.agrees()
    keeps_out(two, "not run")
    give(OTHER, shared.path, group=GROUP)
    assert two.commits() == (0, "")
    assert [line.tokens for line in two.carried()] == [REPLY]


@pytest.mark.slow
@pytest.mark.parametrize("shared", ["group"], indirect=True)
def test_scripts_that_an_older_tokcost_installed_keep_out_what_another_took_out(shared: Hooked) -> None:
    """They know the git folder alone, and Python does as they do."""
    one, two = Person(shared, OWNER), Person(shared, OTHER, 0o077)
    one.agrees()
    two.agrees()
    for path in (shared.path / ".git/hooks").iterdir():
        text = re.sub(r"(?ms)^if ! \[ -O .*?^fi 2>/dev/null\n", "", path.read_text())
        path.write_text(text.replace('TOKCOST_NOTES="$notes" ', ""))
    assert two.commits("-e", "-m", "Kept", GIT_EDITOR="sed -i /^AI-/d") == (0, "")
    assert not (shared.path / f".git/tokcost-notes-{OTHER}").exists()
    assert two.commits() == (0, "")
    assert [line.tokens for line in two.carried()] == [REPLY]


@pytest.mark.slow
@pytest.mark.parametrize("shared", ["group"], indirect=True)
@pytest.mark.parametrize("what", few(["a link", "a file", "another's"], 2))
def test_a_folder_of_notes_that_another_user_made_is_not_used(shared: Hooked, what: str) -> None:
    one, two = Person(shared, OWNER), Person(shared, OTHER, 0o077)
    one.agrees()
    made = shared.path / f".git/tokcost-notes-{OTHER}"
    precious = two.home / "precious"
    precious.mkdir()
    give(OTHER, precious)
    if what == "a link":
        made.symlink_to(precious)
    elif what == "a file":
        made.write_text("")
    else:
        made.mkdir()
    two.agrees()
    assert two.commits("-e", "-m", "Kept", GIT_EDITOR="sed -i /^AI-/d") == (0, "")
    assert two.commits() == (0, "")
    assert [line.tokens for line in two.carried()] == [REPLY]
    assert list(precious.iterdir()) == []


@pytest.mark.slow
def test_uninstalling_takes_a_users_notes_away(clone: Hooked) -> None:
    give(OWNER, clone.path)
    owner, root = Person(clone, OWNER), Person(clone, 0)
    owner.agrees()
    root.agrees()
    root.commits()
    assert (clone.path / ".git/tokcost-notes-0").is_dir()
    root.tokcost("uninstall", "--yes")
    assert not (clone.path / ".git/tokcost-notes-0").exists()
