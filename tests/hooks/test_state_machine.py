"""Any sequence of what people do with git, with spend in between: what must hold holds after every step.

`TOKCOST_STEPS`, `TOKCOST_EXAMPLES` and `TOKCOST_SEED` make the long run longer or another one.
"""

import os
import shutil
import tempfile
from pathlib import Path

import pytest
from hypothesis import HealthCheck, Phase, seed, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, initialize, invariant, rule, run_state_machine_as_test

from support.guesser import installed
from support.hooked import NO_HOOKS, REPLY, Hooked
from support.invariants import Invariants
from tokcost.repo.refs import local_branches

KEEP = "true"
REMOVE = 'sed -i "/^AI-/d;/^  cache/d" "$1"'
EMPTY = ': > "$1"'
REWORD = 'sed -i "1s/$/ again/" "$1"'
NEW = 'echo "All new" > "$1"'

numbers = st.integers(0, 5)
files = st.sampled_from(["a", "b", "c", "shared"])
editors = st.sampled_from([KEEP, KEEP, REWORD, REMOVE, EMPTY, NEW])
backends = st.sampled_from(["--merge", "--apply"])
todos = st.lists(st.sampled_from(["pick", "fixup", "squash", "drop", "reword", "edit"]), min_size=1, max_size=4)


class AnyStory(RuleBasedStateMachine):
    """A clone with cost lines, perhaps a second worktree, and somebody who knows all of git."""

    forks = "TOKCOST_STEPS" not in os.environ
    """Whether hooks are forked: in long stories they are started as everywhere."""

    def __init__(self) -> None:
        super().__init__()
        self.folder = Path(tempfile.mkdtemp(prefix="story-"))
        self.repo = Hooked(self.folder, forks=self.forks)
        self.agreed = True
        self.repo.git("config", "advice.detachedHead", "false")
        self.here = self.repo.path
        self.second: Path | None = None
        self.spent = 0
        self.made = 0
        self.quiet = False
        """Whether lines may have been taken out in this step."""
        self.book = Invariants(self.repo)

    @initialize()
    def begin(self) -> None:
        self.change("shared")
        assert self.git("commit", "-m", "root")
        self.spend(1)

    # What people do, as steps of one or two git commands.

    def git(self, *args: str, env: dict[str, str] | None = None) -> bool:
        """One command; whether git was content. What it left half done is up to the caller."""
        self.repo.now += 1
        return self.repo.attempt(*args, cwd=self.here, env=env)

    def ask(self, *args: str) -> str:
        return self.repo.git(*args, cwd=self.here, ok=False)

    def editor(self, script: str) -> dict[str, str]:
        self.quiet |= script in (REMOVE, NEW)
        return self.repo.editor(script)

    def change(self, name: str) -> None:
        self.repo.now += 1
        self.made += 1
        (self.here / name).write_text(f"{self.made}\n")
        self.repo.git("add", "-A", cwd=self.here)

    def spend(self, replies: int) -> None:
        for _ in range(replies):
            self.made += 1
            self.repo.spend(output=1000 + self.made, cwd=self.here)
            self.spent += REPLY + self.made

    def tidy(self) -> None:
        """Whatever git stopped in is given up."""
        git_dir = Path(self.ask("rev-parse", "--absolute-git-dir"))
        for name in ("rebase-merge", "rebase-apply"):
            if (git_dir / name).exists():
                self.git("rebase", "--abort")
        for head, command in (("CHERRY_PICK", "cherry-pick"), ("REVERT", "revert"), ("MERGE", "merge")):
            if (git_dir / f"{head}_HEAD").exists():
                self.git(command, "--abort")
        self.git("reset", "-q", "--hard")
        self.git("clean", "-q", "-f", "-d")

    def branches(self) -> list[str]:
        return sorted(local_branches(self.repo.worktree.common_dir) or {})

    def branch(self, number: int) -> str:
        found = self.branches()
        return found[number % len(found)]

    def back(self, number: int) -> str:
        """A commit some steps back, at most to the first one."""
        depth = int(self.ask("rev-list", "--count", "--first-parent", "HEAD") or 1) - 1
        return f"HEAD~{min(number, depth)}"

    @rule(replies=st.integers(1, 3))
    def work_with_the_assistant(self, replies: int) -> None:
        self.spend(replies)

    @rule(name=files, replies=st.integers(0, 2))
    def commit(self, name: str, replies: int) -> None:
        self.spend(replies)
        self.change(name)
        self.git("commit", "-m", "Work")

    @rule(name=files, replies=st.integers(0, 2), script=editors)
    def commit_in_the_editor(self, name: str, replies: int, script: str) -> None:
        self.spend(replies)
        self.change(name)
        self.git("commit", "-e", "-m", "Work", env=self.editor(script))

    @rule(name=files)
    def commit_without_hooks(self, name: str) -> None:
        self.change(name)
        self.git(*NO_HOOKS, "commit", "-m", "From a tool")

    @rule(name=files, amend=st.booleans())
    def commit_switched_off(self, name: str, amend: bool) -> None:
        self.quiet = True
        self.change(name)
        how = ("--amend", "--no-edit") if amend else ("-m", "Quiet")
        self.git("commit", *how, env={"TOKCOST": "off"})

    @rule(name=files)
    def commit_that_is_refused(self, name: str) -> None:
        refusing = self.repo.common_dir / "hooks/commit-msg.before-tokcost"
        refusing.write_text("#!/bin/sh\nexit 1\n")
        refusing.chmod(0o755)
        self.change(name)
        assert not self.git("commit", "-m", "Refused")
        refusing.unlink()

    @rule(name=files, replies=st.integers(0, 1))
    def amend(self, name: str, replies: int) -> None:
        self.spend(replies)
        self.change(name)
        self.git("commit", "--amend", "--no-edit")

    @rule(replies=st.integers(0, 1), script=editors)
    def amend_in_the_editor(self, replies: int, script: str) -> None:
        self.spend(replies)
        self.git("commit", "--amend", "--allow-empty", env=self.editor(script))

    @rule(replies=st.integers(0, 1))
    def amend_with_a_new_message(self, replies: int) -> None:
        self.spend(replies)
        self.git("commit", "--amend", "--allow-empty", "-m", "Anew")

    @rule()
    def amend_without_hooks(self) -> None:
        self.git(*NO_HOOKS, "commit", "--amend", "--allow-empty", "-m", "From a tool")

    @rule(word=st.sampled_from(["--fixup", "--squash"]), number=st.integers(0, 2), name=files)
    def melt_into_an_older_commit(self, word: str, number: int, name: str) -> None:
        self.spend(1)
        self.change(name)
        self.git("commit", f"{word}={self.back(number)}", "-m", "More")
        if not self.git("rebase", "-i", "--autosquash", self.back(number + 2)):
            self.tidy()

    @rule(words=todos, backwards=st.booleans(), script=editors, resolve=st.booleans())
    def rebase_with_a_list(self, words: list[str], backwards: bool, script: str, resolve: bool) -> None:
        marks = "".join(f"{number}s/^pick/{word}/;" for number, word in enumerate(words, 1))
        todo = f"sed -i -e '{marks}' " + ("-e '1!G;h;$!d' " if backwards else "")
        env = self.editor(script) | {"GIT_SEQUENCE_EDITOR": todo}
        done = self.git("rebase", "-i", self.back(len(words)), env=env)
        self.go_on(done, resolve, script)

    @rule(number=numbers, backend=backends, resolve=st.booleans())
    def rebase_onto_a_branch(self, number: int, backend: str, resolve: bool) -> None:
        self.go_on(self.git("rebase", backend, self.branch(number)), resolve, KEEP)

    @rule(number=numbers, back=st.integers(1, 3), backend=backends)
    def rebase_a_part(self, number: int, back: int, backend: str) -> None:
        if not self.git("rebase", backend, "--onto", self.branch(number), self.back(back)):
            self.tidy()

    def go_on(self, done: bool, resolve: bool, script: str) -> None:
        """An `edit` stop or a conflict: spend, and either solve it or give up."""
        for _ in range(6):
            git_dir = Path(self.ask("rev-parse", "--absolute-git-dir"))
            if not any((git_dir / name).exists() for name in ("rebase-merge", "rebase-apply")):
                return
            if not resolve:
                break
            self.spend(1)
            self.change("shared")
            self.git("rebase", "--continue", env=self.editor(script))
        self.tidy()

    @rule(number=st.integers(1, 3), mode=st.sampled_from(["--soft", "--mixed", "--hard"]))
    def reset(self, number: int, mode: str) -> None:
        self.git("reset", "-q", mode, self.back(number))

    @rule(number=st.integers(1, 3))
    def undo(self, number: int) -> None:
        self.git("reset", "-q", "--hard", f"HEAD@{{{number}}}")

    @rule(number=numbers, back=st.integers(0, 1), how=st.sampled_from([(), ("-x",), ("-n",), ("-e",)]))
    def pick(self, number: int, back: int, how: tuple[str, ...]) -> None:
        if not self.git("cherry-pick", *how, "--allow-empty", f"{self.branch(number)}~{back}"):
            self.tidy()

    @rule(back=st.integers(0, 2))
    def revert(self, back: int) -> None:
        if not self.git("revert", "--no-edit", self.back(back)):
            self.tidy()

    @rule(number=numbers, how=st.sampled_from(["--ff", "--no-ff", "--ff-only"]), script=editors, resolve=st.booleans())
    def merge(self, number: int, how: str, script: str, resolve: bool) -> None:
        edit = () if how == "--ff-only" else ("--edit",)
        if self.git("merge", how, *edit, self.branch(number), env=self.editor(script)):
            return
        if resolve:
            self.spend(1)
            self.change("shared")
            self.git("commit", "--no-edit")
        self.tidy()

    @rule(number=numbers, how=st.sampled_from([("--no-edit",), ("-m", "All of it"), ()]), replies=st.integers(0, 1))
    def squash_a_branch(self, number: int, how: tuple[str, ...], replies: int) -> None:
        self.git("merge", "--squash", self.branch(number))
        self.spend(replies)
        self.change("shared")
        self.git("commit", *how)

    @rule(number=numbers)
    def squash_as_a_forge_does(self, number: int) -> None:
        """On the branch itself, behind everybody's back, with the source's messages as bullets."""
        source = self.branch(number)
        text = self.ask("log", "--reverse", "--format=* %B", f"HEAD..{source}")
        if text:
            tree, head = self.ask("rev-parse", f"{source}^{{tree}}"), self.ask("rev-parse", "HEAD")
            commit = self.ask("commit-tree", tree, "-p", head, "-m", f"Squash (#1)\n\n{text}")
            self.git("reset", "-q", "--hard", commit)

    @rule(number=numbers)
    def switch(self, number: int) -> None:
        if not self.git("switch", "-q", self.branch(number)):
            self.tidy()
            self.git("switch", "-q", self.branch(number))

    @rule(name=st.sampled_from(["feat/x", "feat/y", "fix"]))
    def begin_a_branch(self, name: str) -> None:
        self.git("switch", "-q", "-c", name)

    @rule()
    def detach(self) -> None:
        self.git("switch", "-q", "--detach")

    @rule(number=numbers)
    def keep_a_backup(self, number: int) -> None:
        self.git("branch", f"backup-{number}")

    @rule(number=numbers)
    def delete_a_branch(self, number: int) -> None:
        if len(self.branches()) > 1:
            self.git("branch", "-q", "-D", self.branch(number))

    @rule(number=numbers, name=st.sampled_from(["renamed", "feat/z"]))
    def rename_a_branch(self, number: int, name: str) -> None:
        self.git("branch", "-m", self.branch(number), name)

    @rule(replies=st.integers(0, 1), number=numbers)
    def stash_across_branches(self, replies: int, number: int) -> None:
        self.change("a")
        self.spend(replies)
        if self.git("stash", "push", "-q"):
            self.git("switch", "-q", self.branch(number))
            if not self.git("stash", "pop", "-q"):
                self.tidy()

    @rule(number=numbers)
    def go_to_the_other_worktree(self, number: int) -> None:
        if self.second is None:
            path = self.folder / "second"
            if self.git("worktree", "add", "-q", "-f", "-b", f"second-{self.made}", str(path), self.branch(number)):
                self.second = path
        if self.second is not None:
            self.here = self.second if self.here != self.second else self.repo.path

    @rule()
    def collect_garbage(self) -> None:
        self.git("gc", "-q", "--prune=now")

    @invariant()
    def what_must_hold(self) -> None:
        if self.spent:
            self.book.check(self.spent, may_withhold=self.quiet, may_publish=self.agreed)
        self.quiet = False

    def change_ones_mind(self) -> None:
        self.agreed = not self.agreed
        (self.repo.enable if self.agreed else self.repo.disable)()

    def teardown(self) -> None:
        try:
            if self.spent:
                self.finish()
        finally:
            shutil.rmtree(self.folder, ignore_errors=True)

    def finish(self) -> None:
        """One ordinary commit on each branch brings everything that is neither kept back nor unplaced into a line.

        Coming to a branch may tell of a rename that nobody has noticed yet: then there is one more branch to visit.
        """
        self.settle_down()
        if not self.agreed:
            self.change_ones_mind()
        for _ in range(3):
            for branch in self.book.open_branches():
                if branch not in self.branches():
                    self.git("branch", branch)
                if self.ask("symbolic-ref", "--short", "HEAD") != branch:
                    assert self.git("switch", "-q", "--ignore-other-worktrees", branch), self.repo.said
                assert self.git("commit", "--allow-empty", "-m", "An ordinary one"), self.repo.said
            self.book.check(self.spent)
        assert self.book.open_branches() == []

    def settle_down(self) -> None:
        for folder in filter(None, (self.second, self.repo.path)):
            self.here = folder
            self.tidy()
        self.book.check(self.spent)


class Undecided(AnyStory):
    """The same with somebody who now agrees to cost lines and now does not."""

    @rule()
    def change_ones_mind(self) -> None:
        super().change_ones_mind()


class Served(Undecided):
    """The same with an open editor, whose server does the work of the hooks."""

    forks = False

    def __init__(self) -> None:
        super().__init__()
        self.editor_of_clone = self.repo.serve()

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.editor_of_clone.__exit__()


class Guessing(AnyStory):
    """The same with an assistant beside it whose counts are estimated. None of them comes into a line until its owner
    asks for it, at the very end."""

    def __init__(self) -> None:
        super().__init__()
        self.package = installed(self.folder, self.repo)
        self.guesser = self.package.__enter__()

    @rule(replies=st.integers(1, 2))
    def work_with_the_other_assistant(self, replies: int) -> None:
        for _ in range(replies):
            self.made += 1
            self.guesser.guess(self.made, cwd=str(self.here))
            self.spent += self.made

    @invariant()
    def no_estimate_is_published(self) -> None:
        if self.spent:
            assert self.book.estimated_in_lines() == 0

    def finish(self) -> None:
        """With the setting, the ordinary commits take them too."""
        self.settle_down()
        assert self.book.estimated_in_lines() == 0
        self.repo.git("config", "--local", "tokcost.estimates", "true")
        super().finish()

    def teardown(self) -> None:
        try:
            super().teardown()
        finally:
            self.package.__exit__(None, None, None)


def number(name: str, default: int) -> int:
    return int(os.environ.get(name) or default)


def tell(machine: type[RuleBasedStateMachine], examples: int, steps: int, **more: object) -> None:
    run_state_machine_as_test(
        machine,
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            database=None,
            report_multiple_bugs=False,
            suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
            **more,  # type: ignore[arg-type]
        ),
    )


@pytest.mark.few
@pytest.mark.parametrize(
    ("machine", "examples"),
    [
        (AnyStory, 2),
        (Undecided, 2),
        (Guessing, 1),
        (Served, 1),
        *(pytest.param(machine, 5, marks=pytest.mark.slow) for machine in (AnyStory, Undecided, Guessing, Served)),
    ],
)
def test_any_short_story_keeps_the_sum(machine: type[RuleBasedStateMachine], examples: int) -> None:
    seed(1)(machine)
    tell(machine, examples, 20, phases=[Phase.generate])


@pytest.mark.slow
@pytest.mark.skipif("TOKCOST_STEPS" not in os.environ, reason="the long run is asked for with TOKCOST_STEPS")
@pytest.mark.parametrize("machine", [AnyStory, Undecided, Guessing, Served])
def test_any_long_story_keeps_the_sum(machine: type[RuleBasedStateMachine]) -> None:
    seed(number("TOKCOST_SEED", 0))(machine)
    phases = [Phase.generate, *([Phase.shrink] if os.environ.get("TOKCOST_SHRINK") else [])]
    tell(machine, number("TOKCOST_EXAMPLES", 2), number("TOKCOST_STEPS", 300), phases=phases)
