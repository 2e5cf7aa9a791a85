"""Local branches: which ones exist, and which of them another one contains."""

import contextlib
import os
from collections.abc import Container, Generator, Iterable, Mapping

from tokcost.errors import EnvironmentProblem
from tokcost.files.foreign import MOST_OF_GIT, open_regular, read_bounded, require_answer
from tokcost.model.worktree import Head
from tokcost.repo.head import can_be_ref, is_id, read_ref_file, ref_text, uses_reftable
from tokcost.repo.run import run_git
from tokcost.repo.worktree import linked_git_dirs

_PREFIX = "refs/heads/"
PUBLISHED = (_PREFIX, "refs/remotes/", "refs/tags/")
"""Kinds of refs that are pushed and fetched. Other tools keep old commits in refs of their own (git-stash,
git-bisect, jj, StGit, git-branchless, filter-branch), which nobody else ever gets."""
_MANY_BYTES = 1 << 20
"""Size of packed refs, about 15,000 of them: reading and comparing them takes as long as everything else in a hook."""
_MANY_FILES = 1_000
"""Number of loose refs, which take as long."""


def local_branches(common_dir: str) -> dict[str, str] | None:
    """Short name and tip of each local branch; `None` if there is no repository any more. Runs git only for
    reftables."""
    if not os.path.isdir(common_dir):
        return None
    if uses_reftable(common_dir):
        return _ask_git(common_dir)
    return _branches_in_files(common_dir)


def tips_of_branches(common_dir: str, names: Iterable[str]) -> dict[str, str] | None:
    """Short name and tip of the existing branches among some; the files of others are not read. `None` as for
    `local_branches`."""
    if not os.path.isdir(common_dir) or uses_reftable(common_dir):
        known = local_branches(common_dir) or {}
        return {name: known[name] for name in names if name in known} if os.path.isdir(common_dir) else None
    wanted = set(names)
    return {name: tip for name, tip in _branches_in_files(common_dir, wanted).items() if name in wanted}


def _branches_in_files(common_dir: str, wanted: Container[str] | None = None) -> dict[str, str]:
    """The local branches, and at least the `wanted` ones, by their short names.

    Loose refs are read first, as git does: `git pack-refs` removes a loose ref only once the packed file has it, so a
    ref that is moved meanwhile is in one of them. Where it is in both, the loose one is newer (git-pack-refs(1)).
    """
    loose = _loose(common_dir, _PREFIX.rstrip("/"), wanted)
    return _packed(common_dir, _PREFIX) | loose


def has_many_refs(common_dir: str) -> bool:
    """Whether there are too many refs for a hook to read all; most of them are then fetched ones."""
    with contextlib.suppress(OSError):
        # 300,000 fetched refs took a hook more than the two seconds that it has.
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
    """All refs that publish commits: each branch, remote branch and tag with its target, and the HEAD of each worktree
    where it is detached (with the worktree's git folder as its name).

    `heads` are the HEADs that were read before, by git folder. With `only_local`, the only refs are branches. Runs git
    only for reftables.
    """
    below = PUBLISHED[:1] if only_local else PUBLISHED
    if uses_reftable(common_dir):
        tips = _told_by_git(common_dir, below)
    else:
        loose: dict[str, str] = {}
        for kind in below:
            loose |= {kind + name: tip for name, tip in _loose(common_dir, kind.rstrip("/")).items()}
        # Only now, as in `_branches_in_files`.
        tips = _packed_refs(common_dir, below) | loose
    found = {ref: tip for ref, tip in tips.items() if is_id(tip)}
    return found | detached_heads(common_dir, heads)


def detached_heads(common_dir: str, heads: Mapping[str, Head] | None = None) -> dict[str, str]:
    """The HEAD of each worktree where it is detached, by git folder; `heads` are those that were read before."""
    tips: dict[str, str] = {}
    for git_dir in (common_dir, *linked_git_dirs(common_dir)):
        if heads and git_dir in heads:
            tips[git_dir] = heads[git_dir].commit if heads[git_dir].detached else ""
            continue
        path = os.path.join(git_dir, "HEAD")
        with _answered(path):
            text = read_ref_file(path).strip().decode("ascii", "replace")
            if not text.startswith("ref:"):
                tips[git_dir] = text
    return {ref: tip for ref, tip in tips.items() if is_id(tip)}


def default_branch(common_dir: str, present: Container[str]) -> str | None:
    """The branch that others are merged into: the remote's default branch in a clone, else main or master."""
    return next((branch for branch in possible_defaults(common_dir) if branch in present), None)


def possible_defaults(common_dir: str) -> tuple[str, ...]:
    """The names that this branch may have, likeliest first."""
    try:
        # git never packs a symbolic ref, so this file exists if the ref does.
        said = read_ref_file(os.path.join(common_dir, "refs", "remotes", "origin", "HEAD")).decode("utf-8")
        name = said.strip().removeprefix("ref: refs/remotes/origin/")
    except (OSError, UnicodeDecodeError):
        name = ""
    return (name, "main", "master", "trunk", "develop")


def merged_branches(common_dir: str, into: str, among: Mapping[str, str]) -> frozenset[str]:
    """The branches whose own commits `into` contains; `among` has the tips of those asked about.

    A branch without commits of its own cannot be merged. Needs a git process if a branch has commits; after an error,
    nothing is known to be merged.
    """
    # Without candidates no process is started, which would cost 5 ms for each repository.
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
    """Whether a branch moved since its creation; without a reflog, it counts as moved."""
    try:
        with open_regular(os.path.join(common_dir, "logs", ref)) as stream:
            created = stream.readline(256).split(b" ")[1:2]
    except OSError:
        return True
    return created != [tip.encode()]


def _loose(common_dir: str, below: str, wanted: Container[str] | None = None) -> dict[str, str]:
    """Loose refs, all or the `wanted` ones; their names without the prefix `below`."""
    found: dict[str, str] = {}
    top = os.path.join(common_dir, below)
    for folder, _, names in os.walk(top, onerror=_require_listed):
        inside = folder[len(top) + 1 :].replace(os.sep, "/")
        for name in names:
            # The lock of a ref that is being written; no ref has such a name (git-check-ref-format(1)).
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
    """A file or folder that may not exist. Raises `DiskFailed` if that cannot be determined."""
    try:
        yield
    except OSError as error:
        require_answer(error, path)


def read_loose(
    common_dir: str, folder: str, before: Mapping[str, str], younger_than: int
) -> tuple[dict[str, str], list[str]]:
    """The loose refs of one folder, and its subfolders. Files not younger than a moment (nanoseconds) have their
    contents from `before`."""
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
                # The renaming by which git replaces a ref sets ctime. Anybody can set mtime.
                if ref in before and entry.stat().st_ctime_ns <= younger_than:
                    found[ref] = before[ref]
                else:
                    with open_regular(entry.path) as stream:
                        found[ref] = stream.read(256).strip().decode("ascii", "replace")
    return found, folders


def packed_in(common_dir: str, folder: str) -> dict[str, str]:
    """The packed refs of one folder, without those of its subfolders."""
    below = f"{folder}/"
    packed = _packed_refs(common_dir, (below,))
    return {ref: tip for ref, tip in packed.items() if "/" not in ref[len(below) :]}


def _packed(common_dir: str, below: str) -> dict[str, str]:
    """Packed refs; their names without the prefix `below`."""
    return {ref[len(below) :]: tip for ref, tip in _packed_refs(common_dir, (below,)).items()}


def _packed_refs(common_dir: str, kinds: tuple[str, ...]) -> dict[str, str]:
    """Packed refs of some kinds, by their full names."""
    try:
        data = read_bounded(os.path.join(common_dir, "packed-refs"), MOST_OF_GIT)
    except OSError as error:
        require_answer(error, os.path.join(common_dir, "packed-refs"))
        return {}
    lines = _lines_with(data, b" " + kinds[0].encode()) if len(kinds) == 1 else data
    # `#` begins the header, `^` the commit to which the tag above it leads. An empty line passes neither: '' is in
    # every string.
    pairs = (line.partition(" ") for line in ref_text(lines).split("\n") if line[:1] not in "#^")
    return {ref: tip for tip, _, ref in pairs if ref.startswith(kinds) and can_be_ref(ref)}


def _lines_with(data: bytes, wanted: bytes) -> bytes:
    """The lines of a text that contain these bytes: there may be a hundred thousand others, which are not even
    split."""
    found, at = list[bytes](), 0
    while (inside := data.find(wanted, at)) >= 0:
        start, at = data.rfind(b"\n", 0, inside) + 1, data.find(b"\n", inside)
        at = len(data) if at < 0 else at
        found.append(data[start:at])
    return b"\n".join(found)


def _ask_git(common_dir: str) -> dict[str, str] | None:
    try:
        return {ref.removeprefix(_PREFIX): tip for ref, tip in _told_by_git(common_dir, (_PREFIX,)).items()}
    except EnvironmentProblem:
        return None


def _told_by_git(common_dir: str, below: tuple[str, ...]) -> dict[str, str]:
    """The refs of some kinds as git lists them, by their full names. Raises `EnvironmentProblem`."""
    text = run_git(["for-each-ref", "--format=%(objectname) %(refname)", *below], common_dir)
    pairs = (line.partition(" ") for line in text.split("\n"))
    return {ref_text(os.fsencode(ref)): tip for tip, _, ref in pairs if ref}
