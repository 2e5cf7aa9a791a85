"""A bookkeeper who notes, as it happens, on which branch usage belongs."""

from support.git_sandbox import GitSandbox

STEPS = ["switch", "switch", "create", "create", "commit", "rename", "detach", "rebase", "branch", "reset"]
"""The steps of `Bookkeeper.do`, the likelier ones twice."""


class Bookkeeper:
    """Works in a repository and notes, as it happens, where usage belongs by rule 7 of the design."""

    def __init__(self, repo: GitSandbox) -> None:
        self.repo = repo
        self.branches = ["main"]
        self.current: str | None = "main"
        self.noted: list[tuple[int, str | None]] = []
        self.uncommitted: list[int] = []
        """Usage of this stay that would follow to a branch created now, by its number in `noted`."""
        self.on_no_branch: list[int] = []
        """Usage of this stay that was committed on a detached HEAD: the branch created from there has the commit."""

    def work(self, second: int) -> None:
        """One usage now."""
        self.uncommitted.append(len(self.noted))
        self.noted.append((second, self.current))

    def do(self, step: str, choice: int) -> None:
        """One step that a person might take."""
        chosen = self.branches[choice % len(self.branches)]
        fresh = f"b{len(self.branches)}.{self.repo.now}"
        match step:
            case "switch":
                self.repo.switch(chosen)
                self._leave(chosen)
            case "create":
                self.repo.switch("-c", fresh)
                self._create(fresh)
            case "commit":
                self.repo.git("commit", "-q", "--allow-empty", "-m", "x")
                if self.current is None:
                    self.on_no_branch += self.uncommitted
                self.uncommitted.clear()
            case "rename" if self.current:
                self.repo.git("branch", "-m", fresh)
                self._rename(self.current, fresh)
            case "detach":
                self.repo.git("checkout", "-q", "--detach")
                self._leave(None)
            case "rebase":
                self.repo.git("rebase", "-q", "--keep-empty", "--force-rebase", chosen)
            case "branch":
                self.repo.git("branch", fresh)
                self.branches.append(fresh)
            case _:
                self.repo.git("reset", "-q", "--soft", "HEAD")

    def _leave(self, branch: str | None) -> None:
        if branch != self.current:
            self.uncommitted.clear()
            self.on_no_branch.clear()
        self.current = branch

    def _create(self, branch: str) -> None:
        for number in [*self.uncommitted, *self.on_no_branch]:
            self.noted[number] = (self.noted[number][0], branch)
        self.on_no_branch.clear()
        self.branches.append(branch)
        self.current = branch

    def _rename(self, before: str, after: str) -> None:
        self.noted = [(second, after if branch == before else branch) for second, branch in self.noted]
        self.branches[self.branches.index(before)] = self.current = after
