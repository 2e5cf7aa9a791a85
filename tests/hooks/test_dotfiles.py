"""Repositories apart from the files that they track, as people keep their dotfiles: `git --git-dir=~/.dotfiles
--work-tree=~`. git finds such a repository only where it is named."""

import json
import os
import shutil
import subprocess
from pathlib import Path

import pytest

from support.hooked import REPLY, Hooked
from tokcost.model.trailer import Line, read_message
from tokcost_hooks import HOOKS

BARE, SET = "bare", "core.worktree"


class Dotfiles:
    """A home folder, its repository, and a command for it."""

    def __init__(self, tmp_path: Path, kind: str) -> None:
        self.machine = Hooked(tmp_path, enabled=False, rooted=True)
        self.home, self.git_dir = self.machine.home, self.machine.home / ".dotfiles"
        self.home.mkdir()
        self.machine.git("init", "-q", "--bare", "-b", "main", str(self.git_dir))
        self.named = {"GIT_DIR": str(self.git_dir)}
        if kind == SET:
            self.own("config", "core.bare", "false")
            self.own("config", "core.worktree", "../")
        else:
            self.named |= {"GIT_WORK_TREE": str(self.home)}
        (self.home / "rc").write_text("1\n")
        self.git("add", "rc")
        self.git("commit", "-q", "-m", "First")

    def own(self, *words: str) -> str:
        """git in the repository itself."""
        return self.machine.git(*words, cwd=self.git_dir)

    def git(self, *words: str, cwd: str = "") -> None:
        """The alias that people have for it."""
        option = {"GIT_DIR": "--git-dir", "GIT_WORK_TREE": "--work-tree"}
        options = [f"{option[name]}={value}" for name, value in self.named.items()]
        self.machine.run(*options, *words, cwd=self.home / cwd)

    def tokcost(self, *words: str, cwd: str = "", code: int = 0) -> str:
        done = self.machine.tokcost(*words, cwd=self.home / cwd, **self.named)
        assert done.returncode == code, done.stderr
        return " ".join(((done.stdout or "") + done.stderr).split())

    def work(self, spent_in: str = "") -> list[Line]:
        """Spend one reply, change a file and commit it; the lines of the commit."""
        self.machine.spend(cwd=self.home / spent_in)
        self.machine.now += 1
        (self.home / "rc").write_text(f"{self.machine.now}\n")
        self.git("commit", "-q", "-a", "-m", "Work")
        return read_message(self.own("log", "-1", "--format=%B")).lines

    def kept(self) -> dict[str, int]:
        """Replies by what became of them."""
        shown = json.loads(self.machine.tokcost("log", "--json", cwd=self.home, **self.named).stdout)
        kept = {name: row["tokens"] for name, row in shown["conservation"].items() if row["tokens"]}
        assert kept.pop("total", 0) == sum(kept.values())
        return {name: tokens // REPLY for name, tokens in kept.items()}


@pytest.fixture(params=[BARE, SET])
def dotfiles(request: pytest.FixtureRequest, tmp_path: Path) -> Dotfiles:
    return Dotfiles(tmp_path, request.param)


def test_a_commit_carries_what_was_spent_in_the_folder_that_git_was_told(dotfiles: Dotfiles) -> None:
    (dotfiles.home / "config/nvim").mkdir(parents=True)
    said = dotfiles.tokcost("enable", "--yes", "--precision", "exact")
    assert f"git finds {dotfiles.git_dir} in {dotfiles.home} only where it is named" in said
    assert f"{dotfiles.git_dir}/hooks" in said
    assert [line.tokens for line in dotfiles.work()] == [REPLY]
    assert [line.tokens for line in dotfiles.work("config/nvim")] == [REPLY]
    assert dotfiles.kept() == {"carried": 2}
    assert "main" in dotfiles.tokcost("status", cwd="config")
    assert "Nothing is pending" in dotfiles.tokcost("preview", cwd="config")


def test_what_was_spent_before_is_shown_before_anybody_agrees(dotfiles: Dotfiles) -> None:
    dotfiles.machine.spend(cwd=dotfiles.home)
    dotfiles.machine.tokcost("log", "--all-repos")
    assert dotfiles.kept() == {}
    said = dotfiles.tokcost("enable", "--precision", "exact", code=2)
    assert "12204 tokens" in said.replace(",", "")
    assert dotfiles.kept() == {"pending": 1}
    dotfiles.tokcost("enable", "--yes", "--precision", "exact", "--from-now")
    assert dotfiles.kept() == {"withheld": 1}
    assert [line.tokens for line in dotfiles.work()] == [REPLY]


def test_what_is_spent_in_another_repository_in_that_folder_belongs_to_that_one(dotfiles: Dotfiles) -> None:
    dotfiles.tokcost("enable", "--yes")
    dotfiles.machine.git("init", "-q", str(dotfiles.home / "project"))
    (dotfiles.home / "broken").mkdir()
    (dotfiles.home / "broken/.git").write_text("gitdir: /nonexistent\n")
    for folder in ("project", "broken", "../elsewhere"):
        (dotfiles.home / folder).mkdir(exist_ok=True)
        assert dotfiles.work(folder) == []
    assert dotfiles.kept() == {}


def test_a_repository_that_is_only_named_to_look_at_it_takes_nothing(dotfiles: Dotfiles) -> None:
    """Assistants commit copies of a project into repositories of their own, and a prompt may run in any folder."""
    dotfiles.machine.spend(cwd=dotfiles.home)
    for words in ("log", "status", "preview", "doctor"):
        dotfiles.tokcost(words)
    hook = dotfiles.git_dir / "hooks" / "post-commit"
    hook.write_text(dotfiles.machine.tokcost("hooks", "print", "post-commit").stdout)
    hook.chmod(0o755)
    assert dotfiles.work() == []
    assert dotfiles.kept() == {}


def test_nothing_is_written_into_a_repository_around_that_folder(dotfiles: Dotfiles) -> None:
    """git would find that one in the folder."""
    around = dotfiles.home.parent
    dotfiles.machine.git("init", "-q", str(around))
    before = {path: path.read_bytes() for path in (around / ".git").rglob("*") if path.is_file()}
    assert f"counts in {around}/.git and not here" in dotfiles.tokcost("enable", "--yes")
    dotfiles.tokcost("budget", "set", "5", "--day")
    assert "on" in dotfiles.tokcost("hooks", "status")
    dotfiles.tokcost("log", "main")
    assert dotfiles.own("config", "tokcost.enabled") == "true"
    assert {path: path.read_bytes() for path in (around / ".git").rglob("*") if path.is_file()} == before


def test_a_relative_hooks_folder_is_below_the_folder_that_git_was_told(dotfiles: Dotfiles) -> None:
    dotfiles.own("config", "core.hooksPath", "my/hooks")
    dotfiles.tokcost("enable", "--yes", "--precision", "exact")
    assert (dotfiles.home / "my/hooks/post-commit").exists()
    assert [line.tokens for line in dotfiles.work()] == [REPLY]


def test_amends_and_rebases_keep_one_line(dotfiles: Dotfiles) -> None:
    dotfiles.tokcost("enable", "--yes", "--precision", "exact")
    dotfiles.work()
    dotfiles.machine.spend(cwd=dotfiles.home)
    dotfiles.git("commit", "-q", "--amend", "--allow-empty", "--no-edit")
    (line,) = read_message(dotfiles.own("log", "-1", "--format=%B")).lines
    assert (line.version, line.tokens) == (2, 2 * REPLY)
    dotfiles.work()
    dotfiles.git("rebase", "-q", "--force-rebase", "HEAD~2")
    assert dotfiles.kept() == {"carried": 3}


def test_a_lost_ledger_is_filled_again_by_the_next_commit(dotfiles: Dotfiles) -> None:
    dotfiles.tokcost("enable", "--yes", "--precision", "exact")
    dotfiles.work()
    (ledger,) = dotfiles.machine.ledger_home.glob("ledger.db")
    for path in dotfiles.machine.ledger_home.glob("ledger.db*"):
        path.unlink()
    assert [line.tokens for line in dotfiles.work()] == [REPLY]
    assert ledger.exists()
    assert dotfiles.kept() == {"carried": 2}


def test_usage_can_be_assigned_and_purged_there(dotfiles: Dotfiles) -> None:
    dotfiles.tokcost("enable", "--yes", "--precision", "exact")
    dotfiles.machine.spend(cwd=dotfiles.home)
    assert dotfiles.kept() == {"pending": 1}
    dotfiles.own("branch", "other")
    dotfiles.tokcost("assign", "other", "--from", "main")
    assert dotfiles.kept() == {"pending": 1}
    for path in dotfiles.machine.ledger_home.glob("ledger.db*"):
        path.unlink()
    dotfiles.tokcost("hooks", "install")
    shown = json.loads(dotfiles.machine.tokcost("log", "--json", cwd=dotfiles.home, **dotfiles.named).stdout)
    assert {row["branch"]: row["usage"] for row in shown["branches"] if row["usage"]} == {"other": 1}
    dotfiles.tokcost("purge", "--repository", str(dotfiles.home), "--yes")
    assert dotfiles.kept() == {}


def test_uninstalling_leaves_nothing_there(dotfiles: Dotfiles) -> None:
    before = {path.relative_to(dotfiles.git_dir) for path in dotfiles.git_dir.rglob("*") if path.is_file()}
    dotfiles.own("config", "tokcost.x", "y")  # so that the section stays in the file
    dotfiles.tokcost("enable", "--yes")
    done = dotfiles.machine.tokcost("uninstall", "--yes", cwd=dotfiles.machine.path)
    assert done.returncode == 0, done.stderr
    assert {path.relative_to(dotfiles.git_dir) for path in dotfiles.git_dir.rglob("*") if path.is_file()} == before
    assert "tokcost" not in (dotfiles.git_dir / "config").read_text().replace("[tokcost]", "")


def test_a_repository_that_is_moved_keeps_its_usage(dotfiles: Dotfiles) -> None:
    dotfiles.tokcost("enable", "--yes", "--precision", "exact")
    dotfiles.work()
    dotfiles.git_dir = dotfiles.git_dir.rename(dotfiles.home / ".files")
    dotfiles.named["GIT_DIR"] = str(dotfiles.git_dir)
    assert [line.tokens for line in dotfiles.work()] == [REPLY]
    assert dotfiles.kept() == {"carried": 2}


def test_when_the_repository_is_gone_its_folder_is_in_none_and_usage_stays(dotfiles: Dotfiles) -> None:
    dotfiles.tokcost("enable", "--yes")
    dotfiles.work()
    shutil.rmtree(dotfiles.git_dir)
    dotfiles.machine.spend(cwd=dotfiles.home)
    shown = json.loads(dotfiles.machine.tokcost("log", "--all-repos", "--json").stdout)
    assert sorted(one["totals"]["usage"] for one in shown) == [1, 1]


def test_without_its_folder_a_bare_repository_is_refused_in_a_sentence(tmp_path: Path) -> None:
    dotfiles = Dotfiles(tmp_path, BARE)
    del dotfiles.named["GIT_WORK_TREE"]
    said = dotfiles.tokcost("enable", "--yes", code=3)
    named = f"GIT_DIR names {dotfiles.git_dir}, which has no worktree here"
    assert said == f"tokcost: {named} hint: Name it in GIT_WORK_TREE."


def test_of_several_repositories_with_one_folder_the_first_counts_what_is_spent_there(dotfiles: Dotfiles) -> None:
    """vcsh keeps one for each program."""
    dotfiles.tokcost("enable", "--yes", "--precision", "exact")
    first, named = dotfiles.git_dir, dict(dotfiles.named)
    shutil.copytree(first, second := dotfiles.home / ".second")
    (second / "config").write_text((second / "config").read_text().replace("enabled = true", "enabled = false"))
    dotfiles.named["GIT_DIR"] = str(second)
    said = dotfiles.tokcost("enable", "--yes", "--precision", "exact")
    assert f"counts in {first} and not here" in said
    dotfiles.git_dir = second
    assert dotfiles.work() == []
    dotfiles.git_dir, dotfiles.named = first, named
    assert [line.tokens for line in dotfiles.work()] == [2 * REPLY]
    assert dotfiles.kept() == {"carried": 2}


def test_a_folder_that_is_named_for_a_clone_with_a_worktree_elsewhere_counts_nowhere(dotfiles: Dotfiles) -> None:
    clone = dotfiles.machine.path
    dotfiles.git_dir, dotfiles.named = clone / ".git", {"GIT_DIR": f"{clone}/.git", "GIT_WORK_TREE": str(dotfiles.home)}
    said = dotfiles.tokcost("enable", "--yes", "--precision", "exact")
    assert "counts nowhere: that repository has its worktree elsewhere" in said
    dotfiles.git("add", "rc")
    assert dotfiles.work() == []
    assert [line.tokens for line in dotfiles.work("../repo")] == [REPLY]


def test_an_open_editor_does_the_work_of_its_hooks(dotfiles: Dotfiles) -> None:
    dotfiles.tokcost("enable", "--yes", "--precision", "exact")
    with dotfiles.machine.serve():
        assert [line.tokens for line in dotfiles.work()] == [REPLY]
        assert "main" in dotfiles.tokcost("status")
    assert dotfiles.kept() == {"carried": 1}


def test_without_cost_lines_usage_is_bound_to_commits_where_the_hooks_were_installed(dotfiles: Dotfiles) -> None:
    assert "counts here" in dotfiles.tokcost("hooks", "install")
    assert dotfiles.work() == []
    assert dotfiles.kept() == {"bound": 1}


def test_a_link_to_the_folder_leads_to_the_same_repository(dotfiles: Dotfiles, tmp_path: Path) -> None:
    dotfiles.tokcost("enable", "--yes", "--precision", "exact")
    (tmp_path / "link").symlink_to(dotfiles.home)
    dotfiles.machine.spend(cwd=tmp_path / "link")
    assert dotfiles.kept() == {"pending": 1}


def test_an_alias_of_git_asks_about_the_same_repository(dotfiles: Dotfiles) -> None:
    dotfiles.tokcost("enable", "--yes")
    dotfiles.own("config", "alias.where", "!printf '%s\\n' \"$GIT_DIR\"")
    names = {os.path.basename(path) for path in dotfiles.git_dir.glob("hooks/*") if not path.name.endswith(".sample")}
    assert names == {*HOOKS} - {"pre-commit"}
    asked = subprocess.run(
        ["git", f"--git-dir={dotfiles.git_dir}", "where"],
        cwd=dotfiles.home, env=dotfiles.machine.environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert asked.stdout.strip() in (str(dotfiles.git_dir), ".dotfiles")
