"""A week of a small team: everyone with a clone and a ledger, a forge that squashes, backports. At the end the lines
in the shared repository say what all ledgers say together."""

import random
from pathlib import Path

import pytest

from support.hooked import NO_HOOKS, Hooked
from support.tables import few
from tokcost.model.trailer import Line, highest, read_message

KEEP = {"GIT_EDITOR": "true", "GIT_SEQUENCE_EDITOR": "true"}


class Developer(Hooked):
    """Somebody with a clone and a ledger of their own."""

    def __init__(self, team: "Team", name: str) -> None:
        folder = team.folder / name
        folder.mkdir()
        super().__init__(folder, forks=True)
        self.team, self.name = team, name
        self.spent = 0
        self.git("remote", "add", "origin", str(team.remote))
        self.do("fetch", "-q")
        self.do("switch", "-q", "-C", "main", "origin/main")

    def do(self, *args: str) -> bool:
        """A git command at the team's time."""
        self.team.now += 2
        self.now = self.team.now
        return self.attempt(*args, env=KEEP)

    def pay(self, replies: int) -> None:
        self.now = self.team.now = self.team.now + 2
        for _ in range(replies):
            self.spent += self.spend_some(self.team.random.randint(1, 5000))
        self.team.now = self.now

    def spend_some(self, output: int) -> int:
        self.spend(output=output)
        return 11_204 + output

    def attempt_or_abort(self, command: str, *args: str) -> None:
        """A command that may stop half-way, and is taken back then."""
        if not self.do(command, *args):
            self.do(command, "--abort")

    def step(self, *how: str) -> None:
        """Work on whatever is checked out and commit it."""
        self.pay(self.team.random.randint(0, 3))
        (self.path / f"{self.name}-{self.team.random.randint(0, 3)}").write_text(f"{self.team.now}\n")
        self.git("add", "-A")
        self.do("commit", "-q", *(how or ("-m", f"Work of {self.name}\n\nWhy it was done.")))

    def carried(self) -> int:
        self.log()
        found = self.balance()
        assert found.get("total", 0) == self.spent
        return found.get("carried", 0)


class Team:
    """Three people, a forge and a clock that all of them share."""

    def __init__(self, folder: Path, chance: random.Random) -> None:
        self.folder, self.random, self.now = folder, chance, 1_790_000_000
        self.remote = folder / "remote.git"
        first = Hooked(folder / "first", enabled=False)
        first.change("readme")
        first.git("commit", "-q", "-m", "root")
        first.git("clone", "-q", "--bare", str(first.path), str(self.remote))
        self.now = first.now + 10
        self.forge = first
        self.people = [Developer(self, name) for name in ("ada", "ben", "cyd")]

    def ask(self, *args: str) -> str:
        return self.forge.git(*args, cwd=self.remote)

    def branches(self) -> list[str]:
        return [
            name for name in self.ask("for-each-ref", "--format=%(refname:short)", "refs/heads").split() if "/" in name
        ]

    def merge_by_the_forge(self, branch: str) -> None:
        """As a squash with bullets, as copies of every commit, or as a merge."""
        self.now += 2
        self.forge.now = self.now
        kind = self.random.choice(["squash", "copies", "merge"])
        tree = self.ask("rev-parse", f"{branch}^{{tree}}")
        if kind == "squash":
            text = self.ask("log", "--reverse", "--format=* %B", f"main..{branch}")
            new = self.ask("commit-tree", tree, "-p", "main", "-m", f"{branch} (#7)\n\n{text}")
        elif kind == "merge":
            new = self.ask("commit-tree", tree, "-p", "main", "-p", branch, "-m", f"Merge {branch}")
        else:
            new = self.ask("rev-parse", "main")
            for commit in self.ask("rev-list", "--reverse", "--no-merges", f"main..{branch}").split():
                text = self.ask("log", "-1", "--format=%B", commit)
                new = self.ask("commit-tree", f"{commit}^{{tree}}", "-p", new, "-m", text)
        self.ask("update-ref", "refs/heads/main", new)
        self.ask("update-ref", "-d", f"refs/heads/{branch}")

    def published(self) -> dict[str, Line]:
        """The join over everything that anybody holds."""
        texts = [self.ask("log", "--all", "--format=%B%n")]
        texts += [one.git("log", "--all", "--format=%B%n") for one in self.people]
        return highest(read_message("\n".join(texts)).lines)


def day(team: Team) -> None:
    """One thing that one of them does."""
    who = team.random.choice(team.people)
    what = team.random.randrange(8)
    who.do("fetch", "-q", "--prune")
    if what == 0:
        who.do("switch", "-q", "main")
        who.do("reset", "-q", "--hard", "origin/main")
        who.pay(1)
        who.do("switch", "-q", "-c", f"{who.name}/{team.now}")
        who.step()
    elif what == 1:
        who.step()
    elif what == 2:
        who.step("--amend", "--no-edit")
    elif what == 3:
        who.attempt_or_abort("rebase", "-q", "origin/main")
    elif what == 4:
        who.attempt_or_abort("rebase", "-q", "-i", "--autosquash", "HEAD~2")
        who.step("--fixup=HEAD")
    elif what == 5 and team.branches():
        other = team.random.choice(team.branches())
        who.do("switch", "-q", "-C", other, f"origin/{other}")
        who.step("--amend", "--no-edit")
        who.do("push", "-q", "--force", "origin", "HEAD")
    elif what == 6:
        who.do("reset", "-q", "--hard")
        who.do("switch", "-q", "-C", f"{who.name}/backport", "origin/main~1")
        who.attempt_or_abort("cherry-pick", "-x", "origin/main")
    if who.git("symbolic-ref", "--short", "HEAD") != "main":
        who.do("push", "-q", "--force", "origin", "HEAD")
    if team.branches() and team.random.random() < 0.4:
        team.merge_by_the_forge(team.random.choice(team.branches()))


def last_day(team: Team) -> None:
    """Everyone tidies up: what is on no branch any more goes along with an ordinary commit."""
    for who in team.people:
        who.do("fetch", "-q", "--prune")
        who.do("reset", "-q", "--hard")
        who.log()
        for row in who.log().branches:
            if row.split.total.pending_tokens:
                who.do(*NO_HOOKS, "branch", row.branch, "origin/main")
                assert who.do("switch", "-q", row.branch), who.said
                assert who.do("commit", "-q", "--allow-empty", "-m", "The rest"), who.said
        assert who.do("push", "-q", "--force", "origin", f"refs/heads/*:refs/heads/rest/{who.name}/*"), who.said


@pytest.mark.parametrize("number", few([1, 2, 3, 4], 1))
def test_what_a_team_published_is_what_its_ledgers_hold(tmp_path: Path, number: int) -> None:
    team = Team(tmp_path, random.Random(number))
    for _ in range(14):
        day(team)
    last_day(team)
    for who in team.people:
        who.do("fetch", "-q")
    everything = sum(line.tokens for line in team.published().values())
    assert everything == sum(who.carried() for who in team.people) == sum(who.spent for who in team.people)
    shared = highest(read_message(team.ask("log", "--all", "--format=%B%n")).lines)
    assert sum(line.tokens for line in shared.values()) == everything
