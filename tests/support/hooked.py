"""A repository whose commits run our hooks for real, with an assistant that spends, and the equation at the end."""

import itertools
import shlex
import subprocess
from collections.abc import Mapping, Sequence
from hashlib import sha256
from pathlib import Path
from typing import Any

import pytest

from support import warm
from support.claude_lines import append, assistant, counts
from support.editor import Editor
from support.git_sandbox import GitSandbox, initialise
from support.templates import write_repository
from tokcost.local_server import reach
from tokcost.model.figures import Summary
from tokcost.model.trailer import Line, highest, read_message
from tokcost.model.worktree import Worktree
from tokcost.policy.consent import agree
from tokcost.repo.worktree import find_worktree
from tokcost.services.refresh import refresh
from tokcost.services.summarise import LogOptions, summarise
from tokcost_hooks import HOOKS
from tokcost_hooks.installation.hooks import install
from tokcost_hooks.installation.scripts import owner, run_file_of, shell_word

REPLY = 12_204
"""Tokens of one reply of the assistant."""

AT_ONCE = "0.000001"
"""A deadline that is over before any hook can do its work, however quick the machine is."""

NO_HOOKS = ("-c", "core.hooksPath=/dev/null")
"""git as a tool that knows no hooks runs it."""

FOREIGN = """#!/bin/sh
echo "${0##*/} $*" >> "$(git rev-parse --git-common-dir)/ran"
case "$0" in */post-rewrite*) cat > /dev/null ;; esac
"""
"""A hook of another manager, which reads what it is given."""


alone = pytest.mark.parametrize("way", ["alone"], indirect=True)
"""For tests of a hook's own process. All others are run with an editor open as well, whose server does the work of the
hooks."""

everywhere = pytest.mark.parametrize("repo", ["plain", "linked", "chained"], indirect=True)
"""For tests that are worth running in a linked worktree, and behind another hook manager, as well."""


class Hooked(GitSandbox):
    """A repository with cost lines switched on."""

    def __init__(
        self, path: Path, *, enabled: bool = True, precision: str = "exact", rooted: bool = False, forks: bool = False
    ) -> None:
        """With `rooted`, it has a first commit that no hook has seen, and the clock stands two seconds after T0. With
        `forks`, no hook waits for a start of Python (`fork_hooks`)."""
        self.home = path / "home"
        self.ledger_home = path / "ledger"
        self.more_environ: dict[str, str] = {}
        super().__init__(path / "repo", init=False)
        self.others: set[str] = set()
        """Ids of claims that somebody else published."""
        self.said = ""
        self._numbers = itertools.count(1)
        self._forks = forks
        write_repository(self.path, _BEGINNINGS[enabled, rooted, enabled and forks])
        self.now += 2 * rooted
        if enabled:
            self._consent(self.path)
            if precision != "exact":
                self.git("config", "--local", "tokcost.precision", precision)

    def enable(self, precision: str = "exact") -> None:
        """Switch cost lines on."""
        self.agree(precision)
        install(self.worktree)
        self.fork_again()

    def fork_again(self) -> None:
        """Have hooks that were installed anew forked, if those of this repository are."""
        if self._forks:
            fork_hooks(self.common_dir / "hooks")

    def agree(self, precision: str = "exact", cwd: Path | None = None) -> None:
        """Say yes to cost lines; no hook is installed."""
        self._consent(cwd or self.path)
        self.git("config", "--local", "tokcost.enabled", "true", cwd=cwd)
        self.git("config", "--local", "tokcost.precision", precision, cwd=cwd)

    def _consent(self, clone: Path) -> None:
        found = find_worktree(str(clone))
        assert found is not None
        agree(self.ledger_home, found)

    def disable(self) -> None:
        """Switch cost lines off; the hooks stay."""
        self.git("config", "--local", "tokcost.enabled", "false")

    def serve(self) -> Editor:
        """Have an editor open the repository: its server does the work of hooks from now on."""
        editor = Editor(self.environ, self.path)
        editor.open()
        # It begins to answer when it has looked once, and says figures before that too.
        editor.wait(self.is_served)
        return editor

    def is_served(self) -> bool:
        """Whether a server would do the work of a hook at once."""
        server = reach(str(self.ledger_home), self.environ, 1.0)
        if server is not None:
            server.close()
        return server is not None

    def chain(self) -> None:
        """Let another hook manager be in each of our places, before we come."""
        for hook in HOOKS:
            path = self.common_dir / "hooks" / hook
            path.write_text(FOREIGN)
            path.chmod(0o755)

    def link(self) -> None:
        """Work in a linked worktree from now on; the main one is on another branch."""
        self.git("switch", "-q", "-c", "elsewhere")
        self.git("worktree", "add", "-q", "../linked", "main")
        self.path = self.path.parent / "linked"

    @property
    def common_dir(self) -> Path:
        """What all worktrees of the clone share."""
        return Path(self.worktree.common_dir)

    @property
    def git_dir(self) -> Path:
        """The worktree's own git folder."""
        return Path(self.worktree.git_dir)

    @property
    def worktree(self) -> Worktree:
        """The main worktree."""
        found = find_worktree(str(self.path))
        assert found is not None
        return found

    @property
    def environ(self) -> dict[str, str]:
        """The environment of git and of the assistant; the deadline is generous, a busy machine is not the subject."""
        own = {"HOME": str(self.home), "TOKCOST_HOME": str(self.ledger_home), "TOKCOST_DEADLINE": "30"}
        kept = {name: value for name, value in super().environ.items() if name != "CLAUDE_CONFIG_DIR"}
        return kept | own | self.more_environ

    def tokcost(self, *words: str, cwd: Path | None = None, **more: str) -> "subprocess.CompletedProcess[str]":
        """Our command line, as a process."""
        return warm.tokcost(*words, cwd=cwd or self.path, env=self.environ | more)

    def spend(self, output: int = 1000, cwd: Path | None = None, number: int = 0, **more: Any) -> None:
        """One response of the assistant, now, on the branch that is checked out; with the `number` of an earlier one,
        another line of that."""
        number = number or next(self._numbers)
        line = assistant(
            f"msg_{number}", f"req_{number}", self.now * 1000 + 500, usage=counts(output=output), **more
        ) | {"cwd": str(cwd or self.path), "gitBranch": ""}
        folder = self.home / ".claude" / "projects" / "repo"
        folder.mkdir(parents=True, exist_ok=True)
        append(folder / "session-1.jsonl", line)
        self.now += 1

    def change(self, name: str = "file", cwd: Path | None = None) -> None:
        """Change and stage a file."""
        self.now += 1
        ((cwd or self.path) / name).write_text(f"{self.now}\n")
        self.git("add", "-A", cwd=cwd)

    def hooked(self, *args: str, cwd: Path | None = None, ok: bool = True, env: Mapping[str, str] | None = None) -> str:
        """`git commit`; what it said on standard error, which is never of ours."""
        return self.run("commit", "-q", *args, cwd=cwd, ok=ok, env=env)

    def run(self, *args: str, cwd: Path | None = None, ok: bool = True, env: Mapping[str, str] | None = None) -> str:
        """Any git command that may run hooks; what it said on standard error, which is never of ours."""
        done, said = self._run(args, cwd, env)
        self.now += 1
        assert done is ok, (args, said)
        return said

    def attempt(self, *args: str, cwd: Path | None = None, env: Mapping[str, str] | None = None) -> bool:
        """Any git command, whether git is content with it or not; what it said is kept in `said`."""
        done, self.said = self._run(args, cwd, env)
        return done

    def grumble(self, *args: str, env: Mapping[str, str] | None = None) -> str:
        """A git command that is content although our hooks are in trouble; what they say."""
        done, said = self._run(args, None, env, quiet=False)
        self.now += 1
        assert done, said
        return said

    def _run(
        self, args: Sequence[str], cwd: Path | None, env: Mapping[str, str] | None, *, quiet: bool = True
    ) -> tuple[bool, str]:
        done = subprocess.run(
            ["git", *args],
            cwd=cwd or self.path,
            env=self.environ | dict(env or {}),
            capture_output=True,
            stdin=subprocess.DEVNULL,
            check=False,
        )
        said = (done.stderr + done.stdout).decode(errors="replace")
        assert not quiet or "tokcost: " not in said, said
        return done.returncode == 0, said

    def editor(self, script: str) -> dict[str, str]:
        """An editor for one commit: shell commands about the file `"$1"`."""
        path = self.home.parent / "editor.sh"
        path.write_text(f"#!/bin/sh\n{script}\n")
        path.chmod(0o755)
        return {"GIT_EDITOR": str(path)}

    def work(self, message: str = "Work", name: str = "file", cwd: Path | None = None) -> str:
        """Spend one reply, change a file, commit; the commit."""
        self.spend(cwd=cwd)
        self.change(name, cwd=cwd)
        self.hooked("-m", message, cwd=cwd)
        return self.head(cwd)

    def rebase(self, *args: str, todo: str = "", ok: bool = True, env: Mapping[str, str] | None = None) -> str:
        """`git rebase`; `todo` is a sed script for the list of an interactive one."""
        self.now += 1
        editor = {"GIT_SEQUENCE_EDITOR": f"sed -i -e '{todo}'"} if todo else {}
        return self.run("rebase", "-q", *args, ok=ok, env=editor | dict(env or {}))

    def plumb(self, message: str, *parents: str, tree: str = "HEAD^{tree}", ref: str = "HEAD") -> str:
        """A commit that no hook sees, as a forge or a library makes it; `ref` names it then."""
        self.now += 1
        before = [word for parent in parents for word in ("-p", parent)]
        commit = self.git("commit-tree", self.git("rev-parse", tree), *before, "-m", message)
        self.git("update-ref", ref, commit)
        return commit

    def id(self, revision: str = "HEAD") -> str:
        """The id of a commit."""
        return self.head() if revision == "HEAD" else self.git("rev-parse", "--verify", revision)

    def lines(self, revision: str = "HEAD") -> list[Line]:
        """The lines one commit carries."""
        return read_message(self.message(revision)).lines

    def message(self, revision: str = "HEAD") -> str:
        """The message of one commit."""
        return self.git("log", "-1", "--format=%B", revision)

    def published(self) -> dict[str, Line]:
        """The join over everything that a branch, a remote branch, a tag or HEAD reaches, other people's claims
        aside."""
        reached = ("--ignore-missing", "HEAD", "--branches", "--remotes", "--tags")
        found = highest(read_message(self.git("log", *reached, "--format=%B%n")).lines)
        return {name: line for name, line in found.items() if name not in self.others}

    def log(self) -> Summary:
        """What `tokcost log` knows now. The sum must close, whatever happened before."""
        refresh(self.ledger_home, self.environ)
        (summary,) = summarise(self.ledger_home, self.path, LogOptions())
        assert summary.conservation.closes, summary.conservation
        return summary

    def balance(self) -> dict[str, int]:
        """Tokens by what became of them."""
        kept = self.log().conservation
        parts = ("total", "carried", "withheld", "bound", "pending", "unplaced")
        return {name: getattr(kept, name)[0] for name in parts if getattr(kept, name)[0]}

    def replies(self) -> dict[str, int]:
        """The balance in replies of the usual size, once it agrees with what the messages say (in `exact`)."""
        found = self.balance()
        assert sum(line.tokens for line in self.published().values()) == found.get("carried", 0)
        assert all(tokens % REPLY == 0 for tokens in found.values()), found
        return {name: tokens // REPLY for name, tokens in found.items()}


def fork_hooks(folder: Path) -> None:
    """Have the scripts of ours in a folder ask for a process that is forked (`support.hook_door`), instead of starting
    Python. They stay scripts of ours that nobody has changed."""
    for script in (folder / hook for hook in HOOKS):
        if owner(str(script)) != "ours":
            continue
        run, text = run_file_of(str(script)), script.read_text()
        (path,) = shlex.split(text.partition(" TOKCOST_PATH=")[2].partition(" ")[0])
        program = warm.hook_program(Path(run), path)
        head, mark, body = text.partition("]\n")
        body = body.replace(f"run={shell_word(run)}\n", f"run={shell_word(program)}\n")
        digest = sha256(body.encode()).hexdigest()[:12]
        script.write_text(f"{head[: -len(digest)]}{digest}{mark}{body}")
        assert owner(str(script)) == "ours"
        assert run_file_of(str(script)) == str(program)


def _with_hooks(path: Path) -> None:
    initialise(path)
    repo = GitSandbox(path, init=False)
    repo.git("config", "--local", "tokcost.enabled", "true")
    repo.git("config", "--local", "tokcost.precision", "exact")
    found = find_worktree(str(path))
    assert found is not None
    install(found)


def _with_root(path: Path) -> None:
    initialise(path)
    _commit_root(path)


def _with_hooks_and_root(path: Path) -> None:
    _with_hooks(path)
    _commit_root(path)


def _with_forked_hooks(path: Path) -> None:
    _with_hooks(path)
    fork_hooks(path / ".git" / "hooks")


def _with_forked_hooks_and_root(path: Path) -> None:
    _with_forked_hooks(path)
    _commit_root(path)


def _commit_root(path: Path) -> None:
    repo = GitSandbox(path, init=False).at(1)
    (path / "root").write_text(f"{repo.now}\n")
    repo.git("add", "-A")
    repo.git(*NO_HOOKS, "commit", "-q", "-m", "root")


_BEGINNINGS = {
    (False, False, False): initialise,
    (False, True, False): _with_root,
    (True, False, False): _with_hooks,
    (True, True, False): _with_hooks_and_root,
    (True, False, True): _with_forked_hooks,
    (True, True, True): _with_forked_hooks_and_root,
}
"""What makes a repository, by whether cost lines are switched on, whether there is a first commit, and whether hooks
are forked."""
