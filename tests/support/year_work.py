"""What the team of `year.py` does: branches and all that happens to them, four ways of merging, reverts, releases."""

from support import warm
from support.year import COST, START, WEEK, Change, Entry, Person, Year

NO_HOOKS = ("-c", "core.hooksPath=/dev/null")


class Branch:
    """A branch of somebody's, and what its commits are worth."""

    def __init__(self, name: str, owner: Person) -> None:
        self.name, self.owner = name, owner
        self.entries: list[Entry] = []
        self.everyone = [owner]


class Team(Year):
    """Everyone in it, and the forge: a clone of its own, in which no hook of ours runs."""

    def found(self, people: int, clones: int) -> "Team":
        seed = Person(self, "forge", self.folder / "forge", "exact")
        self.forge = seed
        seed.clone.mkdir()
        seed.git("init", "-q", "-b", "main")
        (seed.clone / ".gitattributes").write_text("")
        seed.git("add", "-A")
        seed.git("commit", "-q", "-m", "Begin")
        seed.git("clone", "-q", "--bare", str(seed.clone), str(self.origin))
        seed.git("remote", "add", "origin", str(self.origin))
        self.fetch(seed)
        for number in range(people):
            clone = self.folder / f"clone-{number % clones}"
            precision = "coarse" if number % clones == 2 else "exact"
            self.people.append(Person(self, f"dev{number}", clone, precision))
            if not clone.exists():
                seed.git("clone", "-q", str(self.origin), str(clone))
                self.people[-1].git("config", "gc.auto", "0")
            self.tokcost(self.people[-1], "enable", "--yes", "--precision", precision)  # each one agrees for themselves
        return self

    def tokcost(self, who: Person, *words: str) -> str:
        """Our command line, as a process."""
        done = warm.tokcost(*words, cwd=who.clone, env=who.environ, main="from tokcost.cli.main import main; main()")
        assert done.returncode == 0, done.stderr
        return done.stdout

    def fetch(self, who: Person) -> None:
        who.git("fetch", "-q", "--prune", "origin")

    def to_main(self, who: Person) -> None:
        """On main, as it is at the origin."""
        self.fetch(who)
        who.git("switch", "-q", "main")
        who.git("reset", "-q", "--hard", "origin/main")

    # a branch

    def start(self, who: Person) -> Branch:
        """Someone begins, now and then with an assistant while main is still checked out."""
        self.numbers += 1
        branch = Branch(f"{who.name}/{self.numbers}", who)
        self.to_main(who)
        if self.chance.random() < 0.3:
            who.spend(1, branch.name)
        who.git("switch", "-q", "-c", branch.name, "--no-track")
        return branch

    def commit(self, branch: Branch, who: Person, *how: str, replies: int | None = None) -> None:
        who.spend(self.chance.randint(0, 2) if replies is None else replies, branch.name)
        self.change(who)
        entry = Entry(f"Work {self.now}")
        self.entries.append(entry)
        who.git("commit", "-q", *(how or ("-m", f"{entry.subject}\n\nWhy it was done, in a sentence.")))
        entry.add(who.name, who.take(branch.name))
        branch.entries.append(entry)

    def change(self, who: Person) -> None:
        path = who.clone / f"area{self.chance.randrange(4)}" / f"f{self.now}"
        path.parent.mkdir(exist_ok=True)
        path.write_text(f"{self.now}\n" * self.chance.randint(1, 30))
        who.git("add", "-A")

    def amend(self, branch: Branch, who: Person) -> None:
        who.spend(self.chance.randint(0, 2), branch.name)
        self.change(who)
        who.git("commit", "-q", "--amend", "--no-edit")
        branch.entries[-1].add(who.name, who.take(branch.name))

    def fixup(self, branch: Branch, who: Person) -> None:
        """Into the last commit but one, by an interactive rebase."""
        self.commit(branch, who, f"--fixup={who.git('rev-parse', 'HEAD~1')}")
        who.git("rebase", "-q", "-i", "--autosquash", "HEAD~3")
        gone = branch.entries.pop()
        for name, amount in gone.by.items():
            branch.entries[-2].add(name, amount)

    def drop(self, branch: Branch, who: Person) -> None:
        """The last commit is thrown away; what it cost goes with the next one."""
        who.git("reset", "-q", "--hard", "HEAD~1")
        gone = branch.entries.pop()
        self.commit(branch, who, replies=1)
        for name, amount in gone.by.items():
            branch.entries[-1].add(name, amount)

    def merge_main(self, branch: Branch, who: Person) -> None:
        self.fetch(who)
        if who.git("rev-list", "--count", "HEAD..origin/main") == "0":
            return
        who.spend(1, branch.name)
        who.git("merge", "-q", "--no-edit", "origin/main")
        entry = Entry("merge", is_merge=True)
        self.entries.append(entry)
        entry.add(who.name, who.take(branch.name))
        branch.entries.append(entry)

    def help_out(self, branch: Branch, other: Person) -> None:
        """Somebody else goes on in a clone of their own, in a commit or in the owner's last one."""
        self.push(branch, branch.owner)
        branch.everyone.append(other)
        self.fetch(other)
        other.git("switch", "-q", "-C", branch.name, f"origin/{branch.name}")
        self.chance.choice([self.commit, self.amend])(branch, other)
        self.push(branch, other)
        self.fetch(branch.owner)
        branch.owner.git("switch", "-q", branch.name)
        branch.owner.git("reset", "-q", "--hard", f"origin/{branch.name}")

    def push(self, branch: Branch, who: Person) -> None:
        who.git("push", "-q", "--force", "origin", f"HEAD:refs/heads/{branch.name}")
        self.open[branch.name] = branch.entries

    def close(self, branch: Branch) -> None:
        """It is gone from the origin and from every clone."""
        del self.open[branch.name]
        self.forge.git("push", "-q", "origin", "--delete", branch.name)
        for who in branch.everyone:
            self.to_main(who)
            who.git("branch", "-q", "-D", branch.name)

    # the forge

    def merge(self, branch: Branch, way: str) -> None:
        forge, number = self.forge, len(self.changes) + 1
        forge.author = branch.owner.name
        self.to_main(forge)
        source, title = f"origin/{branch.name}", f"Change {number} of {branch.name}"
        commits = forge.git("rev-list", "--reverse", "--topo-order", f"main..{source}").split()
        plain = [entry for entry in branch.entries if not entry.is_merge]
        month = self.month
        if way == "merge":
            text = f"Merge pull request #{number} from org/{branch.name}\n\n{title}"
            forge.git("merge", "-q", "--no-ff", "-m", text, source)
            change = Change(forge.git("rev-parse", "HEAD"), number, month, branch.entries)
            change.commits = [] if len(plain) < len(branch.entries) else commits
            self.landed(change, plain)
        elif way == "rebase":
            for commit, entry in zip(commits, branch.entries, strict=True):
                forge.git("cherry-pick", commit)
                self.landed(Change(forge.git("rev-parse", "HEAD"), None, month, [entry]), [entry])
        else:
            forge.git("merge", "-q", "--squash", source)
            self._squash(way, branch, number, title, commits)
        assert month == self.month
        forge.git("push", "-q", "origin", "main")

    def _squash(self, way: str, branch: Branch, number: int, title: str, commits: list[str]) -> None:
        """GitHub's list of messages, or GitLab's %{all_commits} with a merge commit above it."""
        forge = self.forge
        messages = [forge.git("log", "-1", "--format=%B", commit) for commit in commits]
        bullets = "\n\n".join(f"* {message}" for message in messages)
        together = Entry("squash")
        for entry in branch.entries:
            for name, amount in entry.by.items():
                together.add(name, amount)
        base = forge.git("rev-parse", "HEAD")
        if way == "github":
            text = f"{title} (#{number})\n\n{bullets}\n\nCo-authored-by: Somebody <s@example.com>"
            forge.git("commit", "-q", "-m", text)
        else:
            forge.git("commit", "-q", "-m", f"{title}\n\n{bullets}")
            squashed = forge.git("rev-parse", "HEAD")
            forge.git("reset", "-q", "--hard", base)
            text = f"Merge branch '{branch.name}' into 'main'\n\n{title}\n\nSee merge request org/repo!{number}"
            forge.git("merge", "-q", "--no-ff", "-m", text, squashed)
        self.landed(Change(forge.git("rev-parse", "HEAD"), number, self.month, branch.entries), [together])

    # what happens to merged changes

    def revert(self, change: Change, way: str, who: Person) -> None:
        """By git in somebody's clone, by the forge's button, or in words that quote the message."""
        said = ""
        if way == "git":
            self.to_main(who)
            mainline = ("-m", "1") if len(self.parents(who, change)) > 1 else ()
            who.git("revert", "--no-edit", *mainline, change.commit)
            who.git("push", "-q", "origin", "HEAD:main")
        else:
            said = f"Reverts org/repo#{change.number}" if way == "button" else f"This reverts commit {change.commit}."
            if way == "quoted":
                text = self.forge.git("log", "-1", "--format=%B", change.commit)
                said += "\n\n" + "\n".join(f"> {line}" for line in text.splitlines())
            self._by_forge(f'Revert "Change"\n\n{said}')
        self.commits += 1
        self.with_line += way == "quoted" and "AI-Cost" in said
        change.state, change.reverted = "reverted", change.amount[COST]

    @staticmethod
    def parents(who: Person, change: Change) -> list[str]:
        return who.git("rev-list", "--no-walk", "--parents", change.commit).split()[1:]

    def revert_the_revert(self, change: Change, way: str, who: Person) -> None:
        """The newest commit of main takes the change back; it comes again."""
        self.to_main(who)
        if way == "git":
            who.git("revert", "--no-edit", "HEAD")
            who.git("push", "-q", "origin", "HEAD:main")
        else:
            self._by_forge(f"Take it again\n\nThis reverts commit {who.git('rev-parse', 'HEAD')}.")
        self.commits += 1
        change.state, change.reverted = "merged", 0

    def revert_partly(self, change: Change) -> None:
        """One commit of a merge, or some of a change in words."""
        worthy = [number for number, entry in enumerate(change.entries) if entry.amount]
        if change.commits and len(worthy) > 1:
            self._by_forge(f"Revert a part\n\nThis reverts commit {change.commits[worthy[0]]}.")
            change.reverted = change.entries[worthy[0]].amount[COST]
        else:
            self._by_forge(f"Revert a part\n\nThis partially reverts commit {change.commit}.")
            change.reverted = change.amount[COST]
        self.commits += 1
        change.state = "partly_reverted"

    def _by_forge(self, message: str) -> None:
        self.to_main(self.forge)
        self.forge.git("commit", "-q", "--allow-empty", "-m", message)
        self.forge.git("push", "-q", "origin", "main")

    def release(self, who: Person) -> None:
        """A tag, and a branch to which somebody picks the last change of one commit."""
        name = f"v{len(self.releases) + 1}"
        told = {change.commit for changes in self.releases.values() for change in changes}
        self.releases[name] = [change for change in self.changes if change.commit not in told]
        self.to_main(who)
        who.git("tag", name)
        who.git("push", "-q", "origin", name)
        single = [
            c for c in self.releases[name] if len(who.git("rev-list", "--no-walk", "--parents", c.commit).split()) == 2
        ]
        if single:
            who.git("switch", "-q", "-C", f"release/{name}", f"{single[-1].commit}~1", "--no-track")
            self.change(who)
            who.git(*NO_HOOKS, "commit", "-q", "-m", "Release notes")
            who.git("cherry-pick", "-x", single[-1].commit)
            who.git("push", "-q", "origin", f"release/{name}")


def week(team: Team, number: int, per_week: int) -> None:
    """A few branches of different people, some of which are never merged."""
    team.now = max(team.now, START + number * WEEK)
    for _ in range(per_week):
        who = team.chance.choice(team.people)
        branch = team.start(who)
        team.commit(branch, who)
        for _ in range(team.chance.randint(0, 2)):
            options = [team.commit, team.amend, team.drop] + ([team.fixup] if len(branch.entries) > 1 else [])
            team.chance.choice(options)(branch, who)
        way = team.chance.choice(["github", "gitlab", "rebase", "merge"])
        if way in ("github", "merge") and team.chance.random() < 0.3:
            team.merge_main(branch, who)
        if team.chance.random() < 0.3:
            others = [one for one in team.people if one.clone != who.clone]
            team.help_out(branch, team.chance.choice(others))
        team.push(branch, who)
        if team.chance.random() < 0.2:
            who.spend(1, branch.name)
        end(team, branch, way)
        team.now += 3600
    merged = [change for change in team.changes[-6:] if change.state == "merged" and change.amount]
    if merged and team.chance.random() < 0.4:
        happens(team, team.chance.choice(merged))
    if number % 4 == 3:
        team.release(team.chance.choice(team.people))


def end(team: Team, branch: Branch, way: str) -> None:
    """Most are merged, some are thrown away, some stay open."""
    fate = team.chance.random()
    if fate < 0.8:
        team.merge(branch, way)
        if team.chance.random() < 0.5:
            team.close(branch)
        else:
            del team.open[branch.name]
            team.forge.git("push", "-q", "origin", "--delete", branch.name)
    elif fate < 0.9:
        team.close(branch)


def happens(team: Team, change: Change) -> None:
    """A change is taken back, one way or another."""
    who = team.chance.choice(team.people)
    ways = ["git", "words", "quoted", *(["button"] if change.number else [])]
    what = team.chance.randrange(4)
    if what == 3:
        team.revert_partly(change)
        return
    way = team.chance.choice(ways)
    team.revert(change, way, who)
    if what == 2:
        team.revert_the_revert(change, way, who)
