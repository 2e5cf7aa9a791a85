"""Local branches: which there are, and which of them another one contains."""

import contextlib
import os
from collections.abc import Container, Generator, Iterable, Mapping

from tokcost.errors import EnvironmentProblem
from tokcost.files.foreign import MOST_OF_GIT, open_regular, read_bounded, require_answer
from tokcost.repo.head import Head, can_be_ref, is_id, ref_text, uses_reftable
from tokcost.repo.run import run_git
from tokcost.repo.worktree import linked_git_dirs

_PREFIX = "refs/heads/"
PUBLISHED = (_PREFIX, "refs/remotes/", "refs/tags/")
"""Kinds of refs that are pushed and fetched. Other tools keep old commits in refs of their own (git-stash, git-bisect,
jj, StGit, git-branchless, filter-branch), which nobody else ever gets."""
_MANY_BYTES = 1 << 20
"""Of packed refs, some 15,000 of them: to read and compare them takes as long as all else that a hook does."""
_MANY_FILES = 1_000
"""Of refs with a file of their own, which take as long."""


def local_branches(common_dir: str) -> dict[str, str] | None:
    """Short name and tip of each local branch; `None` when there is no repository any more. Runs git only for
    reftable."""
    if not os.path.isdir(common_dir):
        return None
    if uses_reftable(common_dir):
        return _ask_git(common_dir)
    return _packed(common_dir, _PREFIX) | _loose(common_dir, _PREFIX.rstrip("/"))


def tips_of_branches(common_dir: str, names: Iterable[str]) -> dict[str, str] | None:
    """Short name and tip of those of some branches that exist; the files of others are not read. `None` as for
    `local_branches`."""
    if not os.path.isdir(common_dir) or uses_reftable(common_dir):
        known = local_branches(common_dir) or {}
        return {name: known[name] for name in names if name in known} if os.path.isdir(common_dir) else None
    wanted = set(names)
    packed = _packed(common_dir, _PREFIX)
    loose = _loose(common_dir, _PREFIX.rstrip("/"), wanted)
    return {name: tip for name, tip in (packed | loose).items() if name in wanted}


def has_many_refs(common_dir: str) -> bool:
    """Whether a hook has no time for all of them; they are then mostly fetched ones."""
    with contextlib.suppress(OSError):
        if os.stat(os.path.join(common_dir, "packed-refs")).st_size > _MANY_BYTES:
            return True
    files = 0
    for kind in PUBLISHED[1:]:
        for _, _, names in os.walk(os.path.join(common_dir, kind)):
            files += len(names)
            if files > _MANY_FILES:
                return True
    return False


def all_tips(common_dir: str, heads: Mapping[str, Head] | None = None, *, only_local: bool = False) -> dict[str, str]:
    """Everything that publishes commits: each branch, remote branch and tag with what it names, and the HEAD of each
    worktree where it is detached (under the worktree's git folder as its name). `heads` has those that were read
    before, by git folder. With `only_local` no refs but branches. Runs git only for reftable."""
    below = PUBLISHED[:1] if only_local else PUBLISHED
    if uses_reftable(common_dir):
        text = run_git(["for-each-ref", "--format=%(objectname) %(refname)", *below], common_dir)
        pairs = (line.partition(" ") for line in text.split("\n"))
        tips = {ref: tip for tip, _, ref in pairs if ref}
    else:
        tips = _packed_refs(common_dir, below)
        for kind in below:
            tips |= {kind + name: tip for name, tip in _loose(common_dir, kind.rstrip("/")).items()}
    found = {ref: tip for ref, tip in tips.items() if is_id(tip)}
    return found | detached_heads(common_dir, heads)


def detached_heads(common_dir: str, heads: Mapping[str, Head] | None = None) -> dict[str, str]:
    """The HEAD of each worktree where it is detached, by its git folder; `heads` has those that were read before."""
    tips: dict[str, str] = {}
    for git_dir in (common_dir, *linked_git_dirs(common_dir)):
        if heads and git_dir in heads:
            tips[git_dir] = heads[git_dir].commit if heads[git_dir].detached else ""
            continue
        path = os.path.join(git_dir, "HEAD")
        with _answered(path), open_regular(path) as stream:
            text = stream.read(256).strip().decode("ascii", "replace")
            if not text.startswith("ref:"):
                tips[git_dir] = text
    return {ref: tip for ref, tip in tips.items() if is_id(tip)}


def default_branch(common_dir: str, present: Container[str]) -> str | None:
    """The branch that others are merged into: the remote's default where it was cloned from one, else main or
    master."""
    return next((branch for branch in possible_defaults(common_dir) if branch in present), None)


def possible_defaults(common_dir: str) -> tuple[str, ...]:
    """The names that this branch may have, the likeliest first."""
    try:
        said = read_bounded(os.path.join(common_dir, "refs", "remotes", "origin", "HEAD"), 4096).decode("utf-8")
        name = said.strip().removeprefix("ref: refs/remotes/origin/")
    except (OSError, UnicodeDecodeError):
        name = ""
    return (name, "main", "master", "trunk", "develop")


def merged_branches(common_dir: str, into: str, among: Mapping[str, str]) -> frozenset[str]:
    """The branches whose own commits `into` contains; `among` has the tips of those asked about. A branch without
    commits of its own has nothing to merge.

    Costs a git process where a branch has commits; an error means that nothing is known to be merged.
    """
    candidates = [
        branch for branch, tip in among.items() if branch != into and _has_commits(common_dir, _PREFIX + branch, tip)
    ]
    if not candidates:
        return frozenset()
    patterns = [_PREFIX + branch for branch in candidates]
    question = ["for-each-ref", f"--merged={_PREFIX}{into}", "--format=%(refname)", *patterns]
    try:
        text = run_git(question, common_dir, seconds=5)
    except EnvironmentProblem:
        return frozenset()
    return frozenset(ref.removeprefix(_PREFIX) for ref in text.split("\n") if ref)


def _has_commits(common_dir: str, ref: str, tip: str) -> bool:
    """Whether a branch moved since its creation; without a reflog it is believed to have."""
    try:
        with open_regular(os.path.join(common_dir, "logs", ref)) as stream:
            created = stream.readline(256).split(b" ")[1:2]
    except OSError:
        return True
    return created != [tip.encode()]


def _loose(common_dir: str, below: str, wanted: Container[str] | None = None) -> dict[str, str]:
    """Refs with a file of their own, all or those that are `wanted`; their names without what is `below`."""
    found: dict[str, str] = {}
    top = os.path.join(common_dir, below)
    for folder, _, names in os.walk(top, onerror=_require_listed):
        inside = folder[len(top) + 1 :].replace(os.sep, "/")
        for name in names:
            if name.endswith(".lock"):
                continue
            ref = ref_text(os.fsencode(f"{inside}/{name}" if inside else name))
            if not can_be_ref(ref) or (wanted is not None and ref not in wanted):
                continue
            try:
                with open_regular(f"{folder}/{name}") as stream:
                    tip = stream.read(256).strip().decode("ascii", "replace")
            except OSError as error:
                require_answer(error, f"{folder}/{name}")
                continue
            found[ref] = tip
    return found


def _require_listed(error: OSError) -> None:
    require_answer(error, str(error.filename))


@contextlib.contextmanager
def _answered(path: str) -> Generator[None]:
    """A file or folder that may not be there. Raises `DiskFailed` where nobody can tell."""
    try:
        yield
    except OSError as error:
        require_answer(error, path)


def read_loose(
    common_dir: str, folder: str, before: Mapping[str, str], younger_than: int
) -> tuple[dict[str, str], list[str]]:
    """The refs that have a file in one folder, and the folders in it. Files not younger than a moment (nanoseconds) say
    what they said `before`."""
    found: dict[str, str] = {}
    folders: list[str] = []
    with _answered(os.path.join(common_dir, folder)), os.scandir(os.path.join(common_dir, folder)) as entries:
        for entry in entries:
            name = f"{folder}/{entry.name}"
            if entry.is_dir(follow_symlinks=False):
                folders.append(name)
                continue
            ref = ref_text(os.fsencode(name))
            if entry.name.endswith(".lock") or not can_be_ref(ref):
                continue
            with _answered(entry.path):
                if ref in before and entry.stat().st_ctime_ns <= younger_than:
                    found[ref] = before[ref]
                else:
                    with open_regular(entry.path) as stream:
                        found[ref] = stream.read(256).strip().decode("ascii", "replace")
    return found, folders


def packed_in(common_dir: str, folder: str) -> dict[str, str]:
    """The refs of one folder in the common file, without those of the folders in it."""
    below = f"{folder}/"
    packed = _packed_refs(common_dir, (below,))
    return {ref: tip for ref, tip in packed.items() if "/" not in ref[len(below) :]}


def _packed(common_dir: str, below: str) -> dict[str, str]:
    """Refs in the common file; their names without what is `below`."""
    return {ref[len(below) :]: tip for ref, tip in _packed_refs(common_dir, (below,)).items()}


def _packed_refs(common_dir: str, kinds: tuple[str, ...]) -> dict[str, str]:
    """Refs of some kinds in the common file, by their whole names."""
    try:
        data = read_bounded(os.path.join(common_dir, "packed-refs"), MOST_OF_GIT)
    except OSError as error:
        require_answer(error, os.path.join(common_dir, "packed-refs"))
        return {}
    lines = _lines_with(data, b" " + kinds[0].encode()) if len(kinds) == 1 else data
    pairs = (line.partition(" ") for line in ref_text(lines).split("\n") if line[:1] not in "#^")
    return {ref: tip for tip, _, ref in pairs if ref.startswith(kinds) and can_be_ref(ref)}


def _lines_with(data: bytes, wanted: bytes) -> bytes:
    """The lines of a text in which these bytes are: others may be a hundred thousand, and are not even split."""
    found, at = list[bytes](), 0
    while (inside := data.find(wanted, at)) >= 0:
        start, at = data.rfind(b"\n", 0, inside) + 1, data.find(b"\n", inside)
        at = len(data) if at < 0 else at
        found.append(data[start:at])
    return b"\n".join(found)


def _ask_git(common_dir: str) -> dict[str, str] | None:
    try:
        text = run_git(["for-each-ref", "--format=%(objectname) %(refname)", _PREFIX], common_dir)
    except EnvironmentProblem:
        return None
    pairs = (line.partition(" ") for line in text.split("\n"))
    return {ref.removeprefix(_PREFIX): tip for tip, _, ref in pairs if ref}
