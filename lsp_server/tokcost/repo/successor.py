"""The commit that was made on top of another one, or in place of it, where no reflog tells."""

from tokcost.repo.run import GitFailed, run_git


def successor(common_dir: str, base: str, tip: str, *, seconds: float = 60.0) -> str:
    """The first commit after `base`, by first parents, in the history of `tip`, or the one that replaced `base`
    (`git commit --amend`); empty if that history has neither. Without a `base`, it is the first commit of all.

    Raises `GitTooSlow`.
    """
    try:
        if not base:
            return run_git(["rev-list", "--first-parent", "--max-parents=0", tip], common_dir, seconds=seconds).strip()
        # `-1` cannot shorten this: git limits before it reverses, and would show the newest commit (git-rev-list(1)).
        asked = ["rev-list", "--first-parent", "--parents", "--reverse", f"{base}..{tip}"]
        first = run_git(asked, common_dir, seconds=seconds).partition("\n")[0]
        commit, *parents = first.split() or [""]
        if parents[:1] == [base]:
            return commit
        # An amended commit has the parents of the one that it replaces.
        _, *before = run_git(["rev-list", "--parents", "-1", base], common_dir, seconds=seconds).split()
        return commit if parents == before else ""
    except GitFailed:  # git has discarded the base
        return ""
