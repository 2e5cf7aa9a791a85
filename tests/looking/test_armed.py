"""Looking runs nothing: no program that a repository names is started, and nothing is fetched."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from support.armed import REMOTES, Armed
from support.editor import Editor
from support.hooked import Hooked
from support.tables import few
from tokcost.repo.messages import patch_ids

COMMANDS = [
    ["log"], ["log", "main"], ["log", "--all-repos", "--json"], ["status"], ["preview"], ["budget"],
    ["budget", "check"],
    ["assign", "main", "--from", "feat", "--dry-run"], ["report"], ["report", "--by", "area"],
    ["report", "--by", "model"], ["report", "--by", "size"], ["report", "--by", "tag"], ["report", "--by", "week"],
    ["report", "--by", "type"], ["report", "--by", "issue"],
    ["doctor"], ["doctor", "--forge"], ["hooks", "status"], ["prices"], ["enable", "--yes"], ["disable"],
]  # fmt: skip


@pytest.fixture
def armed(tmp_path: Path) -> Armed:
    return Armed(tmp_path / "armed")


def clone(tmp_path: Path) -> Hooked:
    """A repository with claims, one of them bound to a commit that a rewrite lost, so that changes are compared."""
    repo = Hooked(tmp_path / "work")
    repo.work("One")
    repo.switch("-c", "feat")
    repo.work("Two")
    repo.switch("main")
    repo.disable()
    repo.work("Kept here")
    repo.log()
    repo.git("-c", "core.hooksPath=/dev/null", "commit", "-q", "--amend", "-m", "Kept, in other words")
    return repo


@pytest.mark.parametrize("lost", few(["tree", "commit"], 1))
@pytest.mark.parametrize(
    "remote",
    [pytest.param(remote, marks=[] if remote == "upload-pack" else [pytest.mark.slow]) for remote in REMOTES],
)
def test_no_command_starts_what_a_repository_names(tmp_path: Path, armed: Armed, remote: str, lost: str) -> None:
    repo = clone(tmp_path)
    missing = repo.id("main^{tree}" if lost == "tree" else "main~1")
    armed.arm(repo, remote)
    armed.lose(repo, missing)
    for words in COMMANDS:
        done = repo.tokcost(*words, PATH=armed.path)
        assert armed.marks == [], words
        assert "Traceback" not in done.stderr, words
    with Editor(repo.environ | {"PATH": armed.path}, repo.path) as editor:
        editor.open()
        editor.told("tokcost/status")
        editor.quit()
    assert armed.marks == []


@pytest.mark.slow
def test_the_programs_of_this_test_are_started_by_git_itself(tmp_path: Path, armed: Armed) -> None:
    repo = clone(tmp_path)
    missing = repo.id("main^{tree}")
    armed.arm(repo, "upload-pack")
    armed.lose(repo, missing)
    repo.git("log", "-p", "-1", "main", ok=False)
    assert "remote.origin.uploadpack" in armed.marks


@pytest.mark.slow
def test_our_hooks_start_nothing_in_a_commit(tmp_path: Path, armed: Armed) -> None:
    repo = clone(tmp_path)
    repo.enable()
    hooks = repo.common_dir / "hooks"
    missing = repo.id("main^{tree}")
    message = repo.common_dir / "COMMIT_EDITMSG"
    armed.arm(repo, "ext")
    armed.lose(repo, missing)
    repo.spend()
    for hook, *words in (["pre-commit"], ["prepare-commit-msg", str(message), "message"], ["commit-msg", str(message)],
                         ["post-commit"], ["post-merge", "0"]):  # fmt: skip
        if (hooks / hook).exists():
            subprocess.run([hooks / hook, *words], cwd=repo.path, env=repo.environ, check=False)
        assert armed.marks == [], hook


@pytest.mark.slow
def test_a_clone_without_trees_shows_everything_and_fetches_nothing(tmp_path: Path) -> None:
    repo = clone(tmp_path)
    repo.git("config", "uploadpack.allowFilter", "true")
    before = repo.tokcost("log", "--json").stdout
    partial = tmp_path / "partial"
    repo.git("clone", "-q", "--bare", "--filter=tree:0", f"file://{repo.path}", str(partial))
    objects = sorted(path.name for path in (partial / "objects").rglob("*"))
    shutil.rmtree(repo.path / ".git")
    shutil.copytree(partial, repo.path / ".git")
    repo.git("config", "core.bare", "false")
    shown = repo.tokcost("log", "main")
    assert (shown.returncode, "fetch" in shown.stderr) == (0, False)
    assert '"carried"' in before
    assert sorted(path.name for path in (repo.path / ".git/objects").rglob("*")) == objects


def test_a_submodule_shows_no_change_by_a_program_of_its_own(tmp_path: Path, armed: Armed) -> None:
    inner = Hooked(tmp_path / "inner", enabled=False)
    inner.commit()
    inner.commit()
    outer = Hooked(tmp_path / "outer", enabled=False)
    outer.git("-c", "protocol.file.allow=always", "submodule", "add", "-q", str(inner.path), "sub")
    outer.commit()
    outer.git("checkout", "-q", "HEAD~1", cwd=outer.path / "sub")
    commit = outer.commit()
    outer.git("config", "diff.external", str(armed.program("inner-diff")), cwd=outer.path / "sub")
    outer.git("config", "diff.submodule", "diff")
    assert patch_ids(str(outer.path), [commit])
    assert armed.marks == []
    outer.git("log", "-p", "-1", "--no-ext-diff")
    assert armed.marks == ["inner-diff"]


@pytest.mark.slow
def test_the_encoding_that_a_clone_wants_logs_in_hides_no_line(tmp_path: Path) -> None:
    repo = clone(tmp_path)
    wanted = repo.tokcost("report", "--all", "--json").stdout
    repo.git("config", "i18n.logOutputEncoding", "UTF-16")
    assert repo.tokcost("report", "--all", "--json").stdout == wanted
    done = repo.tokcost("doctor", "--forge")
    assert done.returncode in (0, 1), done.stderr


@pytest.mark.slow
def test_a_pipe_named_mailmap_is_not_waited_for(tmp_path: Path) -> None:
    repo = clone(tmp_path)
    os.mkfifo(repo.path / ".mailmap")
    done = repo.tokcost("report", "--all", "--by", "area")
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("name", few([".gitattributes", "sub/.gitattributes", ".git/info/attributes"], 1))
@pytest.mark.parametrize("by", few(["size", "area"], 1))
def test_a_pipe_named_like_attributes_is_not_waited_for(tmp_path: Path, name: str, by: str) -> None:
    repo = clone(tmp_path)
    (repo.path / "sub").mkdir()
    (repo.path / "sub/file").write_text("1")
    repo.git("add", "-A")
    repo.work("Three")
    (repo.path / name).parent.mkdir(exist_ok=True)
    os.mkfifo(repo.path / name)
    done = repo.tokcost("report", "--all", "--by", by)
    assert done.returncode == 0, done.stderr


@pytest.mark.slow
@pytest.mark.parametrize("setting", few(["diff.orderFile", "core.attributesFile", "mailmap.file"], 1))
def test_a_pipe_that_a_setting_names_is_not_waited_for(tmp_path: Path, setting: str) -> None:
    repo = clone(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    repo.git("config", setting, str(tmp_path / "pipe"))
    for words in (["log"], ["report", "--all", "--by", "area"], ["report", "--all", "--by", "size"]):
        done = repo.tokcost(*words)
        assert done.returncode == 0, done.stderr


MODULES = ("msgspec", "click", "json", "sqlite3", "platformdirs", "pygls", "rich", "colorama", "datetime")
BEFORE_US = ("sitecustomize", "usercustomize", "site", "os", "re", "encodings", "runpy", "tokcost", "tokcost_hooks")
"""Python, and the script that pip writes, import some of these before any line of ours is read."""


@pytest.mark.slow
@pytest.mark.parametrize("named", few(["absolute", ":", "sub", "elsewhere", "."], 1))
def test_nothing_is_imported_from_the_repository(tmp_path: Path, named: str) -> None:
    repo = clone(tmp_path)
    marks = tmp_path / "marks"
    marks.mkdir()
    for folder in (repo.path, repo.path / "sub"):
        folder.mkdir(exist_ok=True)
        for module in (*MODULES, *BEFORE_US):
            text = f"open({str(marks / module)!r}, 'w')\nraise SystemExit(9)\n"
            (folder / f"{module}.py").write_text(text)
            (folder / module).mkdir()
            (folder / module / "__init__.py").write_text(text)
    path = {"absolute": str(repo.path), "elsewhere": str(repo.path / "sub")}.get(named, named)
    cwd = tmp_path if named == "elsewhere" else repo.path
    program = Path(sys.executable).parent / "tokcost"
    for words in (["log"], ["status"], ["doctor"], ["report"], ["prices"], ["budget"], ["lsp", "--stdio"]):
        subprocess.run(
            [program, *words], cwd=cwd, env=repo.environ | {"PYTHONPATH": path}, check=False, stdin=subprocess.DEVNULL
        )
        assert list(marks.iterdir()) == [], words
