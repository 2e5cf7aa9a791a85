"""History as reports read it: messages, graph, changes of files, tags.

Commits are read as they are, ignoring git-replace(1), so that a report is the same in every clone. Output that may be
as long as a history is read commit by commit and never held completely. Nothing here fetches what a partial clone left
out: a question about history must not become a download. (GitPython is not used: on a million commits, its walk takes
many times as long as `git log --grep`.)
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from secrets import token_hex
from typing import NamedTuple

from tokcost.errors import EnvironmentProblem, NotARepository, UsageError
from tokcost.files.foreign import MOST_OF_GIT, read_bounded
from tokcost.model.changes import Node
from tokcost.repo.messages import AS_STORED, as_stored
from tokcost.repo.moments import moment_of
from tokcost.repo.objects import Commit
from tokcost.repo.run import GitFailed, run_git, stream_git
from tokcost.repo.worktree import find_worktree, git_dir_around

_SECONDS = 600.0
PLAIN = ["-c", "diff.relative=false", "-c", "core.quotePath=false"]
_LOG = [*PLAIN, "log", "-z", "--no-color", "--no-decorate", "--no-notes"]
_NO_WORK = ("refs/replace/", "refs/notes/", "refs/stash")
# Must match every message in which `read_message` or `read_reverts` finds something. `--fixed-strings` overrides
# grep.patternType.
_WORDS = ["--regexp-ignore-case", "--fixed-strings", "--grep=AI-Cost", "--grep=reverts"]


class Repository(NamedTuple):
    """A repository whose history is read."""

    folder: str
    """The folder in which git is run."""
    common_dir: str
    is_shallow: bool

    def git(self, *args: str, feed: str = "") -> str:
        """The output of git. Raises `GitFailed`."""
        return run_git(args, self.folder, feed=feed, seconds=_SECONDS)

    def each(self, *args: str, feed: str = "", end: bytes = b"\0") -> Iterator[str]:
        """The output of git in pieces, each without its `end`, while git prints it."""
        return map(os.fsdecode, stream_git(args, self.folder, feed=feed, end=end))


class Range(NamedTuple):
    """Commits reachable from `tips` and not from `excluded`."""

    text: str
    tips: tuple[str, ...]
    excluded: tuple[str, ...] = ()

    @property
    def feed(self) -> str:
        """The range in the format of `--stdin`."""
        return "".join([*(f"{tip}\n" for tip in self.tips), *(f"^{one}\n" for one in self.excluded)])


class Files(NamedTuple):
    """The files that a change touched: changed lines by path (1 for a file without lines). `counted` is false if a
    partial clone knows only the paths."""

    paths: dict[str, int]
    counted: bool = True


def find_repository(folder: str) -> Repository:
    """The repository around a folder, bare or not. Raises `NotARepository`, `EnvironmentProblem`."""
    _require_files(folder)
    try:
        text = run_git(["rev-parse", "--git-common-dir", "--is-shallow-repository"], folder)
    except GitFailed as failure:
        if "not a git repository" in failure.err:
            raise NotARepository(
                f"{folder} is not in a git repository", "Change to the folder of a repository."
            ) from failure
        raise
    # From the end: the name of a folder may contain a line end.
    common_dir, _, shallow = text.rstrip("\n").rpartition("\n")
    return Repository(folder, os.path.realpath(os.path.join(folder, common_dir)), shallow == "true")


def _require_files(folder: str) -> None:
    """Raise `EnvironmentProblem` for a pipe or a device in place of a file that git reads before it shows any
    commit: an unpacked archive can contain one, and git would wait for it."""
    worktree = find_worktree(os.path.abspath(folder))
    common_dir = worktree.common_dir if worktree else git_dir_around(folder)
    for name in _READ_FIRST if common_dir else ():
        path = os.path.join(common_dir, name)
        if os.path.exists(path) and not os.path.isfile(path):
            raise EnvironmentProblem(f"{path} is not a regular file, and git would wait for it", "Remove or rename it.")


_READ_FIRST = ("shallow", "info/grafts", "objects/info/alternates", "packed-refs", "config", "config.worktree")


def read_range(repository: Repository, text: str) -> Range:
    """A revision range in git's syntax. Raises `UsageError`."""
    hint = "Write a range as git log does, for example main, v1.4..v1.5 or origin/main..HEAD."
    # rev-parse would accept it as an option: `--all` names commits, too.
    if text.startswith("-"):
        raise UsageError(f"{text} is not a revision range", hint)
    try:
        found = repository.git("rev-parse", "--revs-only", *text.split()).split()
    except GitFailed:
        found = []
    tips = [one for one in found if not one.startswith("^")]
    if not tips:
        raise UsageError(f"git knows no commits named {text}", hint)
    return Range(text, _commits(repository, tips), _commits(repository, [one[1:] for one in found if one[0] == "^"]))


def read_beyond(repository: Repository, base: str, tip: str) -> Range:
    """The commits that a revision has and its base lacks. Raises `UsageError`, `EnvironmentProblem`.

    If the two have no commit in common, one history is truncated: all of it would seem new.
    """
    if ".." in tip or ".." in base:
        raise UsageError("--base compares two revisions, not ranges", "For example --base origin/main HEAD.")
    span, without = (_read_fetched(repository, one) for one in (tip, base))
    text = f"{base}..{tip[:10] if tip == span.tips[0] else tip}"
    try:
        repository.git("merge-base", without.tips[0], span.tips[0])
    except GitFailed as failure:
        raise EnvironmentProblem(f"{base} and {tip} have no commit in common in this clone", _FETCH_ALL) from failure
    return Range(text, span.tips[:1], without.tips[:1])


_FETCH_ALL = (
    "Fetch its whole history: fetch-depth: 0 for actions/checkout, GIT_DEPTH: 0 for GitLab, git fetch --unshallow."
)


def _read_fetched(repository: Repository, name: str) -> Range:
    """Explain that in a shallow clone, as CI creates them, a missing revision was not fetched."""
    try:
        return read_range(repository, name)
    except UsageError as error:
        if not repository.is_shallow:
            raise
        raise EnvironmentProblem(f"{name} is not in this clone, which is shallow", _FETCH_ALL) from error


def _commits(repository: Repository, names: list[str]) -> tuple[str, ...]:
    """The commits of tags and ids."""
    asked = "".join(f"{name}^{{commit}}\n" for name in names)
    found = repository.git("cat-file", "--batch-check=%(objectname)", feed=asked).split("\n")[:-1] if names else []
    # `NAME missing`, or `NAME ambiguous`: an id alone has no space (git-cat-file(1)).
    if any(" " in one for one in found):
        raise UsageError(f"{names[0]} is not a commit", "`git show` shows what it is.")
    return tuple(found)


def default_range(repository: Repository) -> Range:
    """The history of the branch that others are merged into, or HEAD's if that is unknown. The fetched remote branch
    is used instead of the local one, which may lag behind."""
    try:
        remote = [repository.git("rev-parse", "--abbrev-ref", "origin/HEAD").strip()]
    except GitFailed:
        remote = []
    for name in (*remote, "main", "master", "trunk", "develop", "HEAD"):
        try:
            tip = repository.git("rev-parse", "--verify", "--quiet", f"{name}^{{commit}}").strip()
        except GitFailed:
            continue
        return Range(name, (tip,))
    raise EnvironmentProblem(
        "there are no commits here yet", "Make one first; without commits there is nothing to report."
    )


def all_refs(repository: Repository) -> dict[str, str]:
    """Every ref to a commit of somebody's work, and that commit."""
    form = "--format=%(refname)%00%(objecttype)%00%(objectname)%00%(*objecttype)%00%(*objectname)"
    found: dict[str, str] = {}
    # Not `splitlines`: a name may contain a line end of Unicode, which git does not end a line with.
    for line in repository.git("for-each-ref", form).split("\n"):
        if not line:
            continue
        name, kind, tip, inner_kind, inner = line.split("\0")
        if "commit" in (kind, inner_kind) and not name.startswith(_NO_WORK):
            found[name] = tip if kind == "commit" else inner
    return found


def shape(repository: Repository) -> str:
    """The facts that define the shape of a history, as one text: its shallow boundary and grafts."""
    parts: list[str] = []
    for name in ("shallow", os.path.join("info", "grafts")):
        try:
            parts.append(read_bounded(os.path.join(repository.common_dir, name), MOST_OF_GIT).decode("utf-8"))
        except (OSError, UnicodeDecodeError):
            parts.append("")
    return "\0".join(parts)


def read_messages(repository: Repository, span: Range) -> Iterator[Commit]:
    """Every commit whose message may matter. git filters out the others before it prints."""
    # Excluded tips may come from the cache, and git may have discarded them since.
    asked = [*AS_STORED, "--ignore-missing", "--stdin"]
    for record in repository.each(*_LOG, *_WORDS, *asked, feed=span.feed):
        if record:
            yield as_stored(record)


def read_nodes(repository: Repository, span: Range) -> Iterator[Node]:
    """Every commit with its parents, respecting grafts and shallow boundaries; children come before parents."""
    asked = ["rev-list", "--parents", "--topo-order", "--ignore-missing", "--stdin"]
    for line in repository.each(*asked, feed=span.feed, end=b"\n"):
        commit, *parents = line.split(" ")
        yield commit, parents


class FirstParentCommit(NamedTuple):
    """A commit of a branch's first-parent line that is no merge."""

    commit: str
    tree: str
    subject: str


def newest_steps(repository: Repository, span: Range, most: int) -> list[FirstParentCommit]:
    """The newest non-merge commits of the first tip's first-parent line, newest first."""
    feed = span._replace(tips=span.tips[:1]).feed
    asked = ["--first-parent", "--no-merges", f"--max-count={most}", "--format=%H%n%T%n%s", "--stdin"]
    records = repository.git(*_LOG, *asked, feed=feed).split("\0")
    return [FirstParentCommit(*record.split("\n", 2)) for record in records if record]


def trees(repository: Repository, commits: Iterable[str]) -> dict[str, str]:
    """The tree of each commit."""
    return dict(_each(repository, commits, "%T", 2))


def remote_address(repository: Repository) -> str:
    """The address of the remote `origin`, as configured; empty where there is none."""
    try:
        return repository.git("config", "--get", "remote.origin.url").strip()
    except GitFailed:
        return ""


def first_commits(repository: Repository, span: Range) -> list[str]:
    """The root commits of a history."""
    return repository.git("rev-list", "--max-parents=0", "--stdin", feed=span.feed).split()


def first_parents(repository: Repository, span: Range) -> list[str]:
    """The first-parent commits of the first tip, newest first."""
    feed = span._replace(tips=span.tips[:1]).feed
    return repository.git("rev-list", "--first-parent", "--stdin", feed=feed).split()


def read_messages_of(repository: Repository, commits: Iterable[str]) -> Iterator[tuple[str, int, str]]:
    """Single commits, each with its commit time (seconds UTC) and its message."""
    for commit, time, message in _each(repository, commits, "%ct%n%B", 3):
        yield commit, moment_of(time), message


def read_authors(repository: Repository, commits: Iterable[str]) -> dict[str, tuple[str, str]]:
    """Mailmapped e-mail address and name of each commit's author: for counting heads in the privacy rules and
    nothing else."""
    asked = list(commits)
    *mapped, plain = _forms_of_authors(repository)
    for form in mapped:
        with suppress(GitFailed):
            return {commit: (mail, name) for commit, mail, name in _each(repository, asked, form, 3)}
    return {commit: (mail, name) for commit, mail, name in _each(repository, asked, plain, 3)}


def _forms_of_authors(repository: Repository) -> tuple[str, ...]:
    """Ways to ask for address and name: mailmapped, or unchanged if a partial clone lacks the mailmap. A pipe with
    that name, or one in the configuration, would make git wait for ever."""
    worktree = find_worktree(os.path.abspath(repository.folder))
    top = worktree.path if worktree else repository.folder
    said = _mailmap_settings(repository)
    paths = [os.path.join(top, name) for name in (".mailmap", said.get("mailmap.file", "")) if name]
    plain = "%ae%n%an"
    mapped = all(os.path.isfile(path) or not os.path.lexists(path) for path in paths)
    # In a bare repository, mailmap.blob is HEAD:.mailmap by default (git-config(1)).
    if mapped and (blob := said.get("mailmap.blob", "" if worktree else "HEAD:.mailmap")):
        mapped = not _is_partial(said) or _has_object(repository, blob)
    return ("%aE%n%aN", plain) if mapped else (plain,)


def _mailmap_settings(repository: Repository) -> dict[str, str]:
    """The settings that locate a mailmap, by their names in lower case, and those of a partial clone."""
    names = r"^(mailmap\.(file|blob)|extensions\.partialclone|remote\..*\.promisor)$"
    try:
        # `--type=path` expands `~`, as git itself does in mailmap.file.
        said = repository.git("config", "-z", "--type=path", "--get-regexp", names)
    except GitFailed:
        return {}
    pairs = (entry.partition("\n") for entry in said.split("\0") if entry)
    return {name: value for name, _, value in pairs}


def _is_partial(said: Mapping[str, str]) -> bool:
    return any(name.startswith(("extensions.", "remote.")) for name in said)


def _has_object(repository: Repository, name: str) -> bool:
    """Whether an object is in this clone: for a missing one, git would ask the remote, for seconds."""
    try:
        return not repository.git("cat-file", "--batch-check", feed=f"{name}\n").rstrip().endswith(" missing")
    except GitFailed:
        return False


def _each(repository: Repository, commits: Iterable[str], form: str, parts: int) -> Iterator[list[str]]:
    """The fields of the format for each commit. Each part except the last ends with a line end, which no name or
    address contains."""
    feed = "".join(f"{commit}\n" for commit in commits)
    if not feed:
        return
    asked = ["--no-walk=unsorted", f"--format=%H%n{form}", "--stdin"]
    for record in repository.each(*_LOG, *asked, feed=feed):
        if record:
            yield record.split("\n", parts - 1)


def some_authors(repository: Repository, span: Range, most: int) -> set[tuple[str, str]]:
    """Address and name of the authors of the newest `most` non-merge commits."""
    for form in _forms_of_authors(repository):
        asked = ["--no-merges", f"--max-count={most}", f"--format={form}", "--stdin"]
        try:
            text = repository.git(*_LOG, *asked, feed=span.feed)
        except GitFailed:
            continue
        return {(mail, name) for mail, _, name in (record.partition("\n") for record in text.split("\0")) if mail}
    return set()


def read_files(repository: Repository, commits: Iterable[str]) -> dict[str, Files]:
    """The files that each commit changed; a merge is compared with its first parent. Empty if a partial clone cannot
    tell."""
    asked = list(commits)
    with suppress(GitFailed):
        # Paths first: their folders are those in which git reads .gitattributes before it counts lines.
        named = dict(_changed(repository, asked, "--name-only"))
        if attributes_are_files(repository, {path for files in named.values() for path in files.paths}):
            with suppress(GitFailed):
                # A partial clone without contents fails here: then only the paths are known.
                return dict(_changed(repository, asked, "--numstat"))
        return named
    return {}


def _changed(repository: Repository, commits: list[str], kind: str) -> Iterator[tuple[str, Files]]:
    """Parse the output, in which an unpredictable word begins each commit, because a file may have any other name."""
    if not commits:
        return
    start = token_hex(16)
    asked = [kind, "--no-walk=unsorted", "--diff-merges=first-parent", "--no-renames", f"--format={start}%H", "--stdin"]
    feed = "".join(f"{commit}\n" for commit in commits)
    commit, rows = "", list[str]()
    for piece in repository.each(*_LOG, *asked, feed=feed):
        if not piece.startswith(start):
            # A line end separates the first row from the commit. Any other one is part of a name.
            rows.append(piece if rows else piece.removeprefix("\n"))
            continue
        if commit:
            yield commit, _files(rows, kind == "--numstat")
        commit, rows = piece.removeprefix(start), []
    if commit:
        yield commit, _files(rows, kind == "--numstat")


def _files(rows: list[str], counted: bool) -> Files:
    paths: dict[str, int] = {}
    for row in rows:
        if not counted:
            paths[row] = 1
        elif row.count("\t") >= 2:
            added, removed, path = row.split("\t", 2)
            # For a binary file, git prints `-` instead of numbers.
            paths[path] = max(1, int(added) + int(removed)) if added != "-" else 1
    return Files(paths, counted)


def changed_in(repository: Repository, commits: list[str]) -> set[str]:
    """The paths of all files that any of the commits changed. Raises `GitFailed`."""
    return {path for _, files in _changed(repository, commits, "--name-only") for path in files.paths}


def attributes_are_files(repository: Repository, paths: set[str]) -> bool:
    """Whether everything that git reads before it counts the lines of these paths is a regular file: it would wait
    for a pipe."""
    found = [os.path.join(repository.common_dir, "info", "attributes")]
    if worktree := find_worktree(os.path.abspath(repository.folder)):
        folders = {""}
        for path in paths:
            while (path := path.rpartition("/")[0]) not in folders:
                folders.add(path)
        found += [os.path.join(worktree.path, folder.lstrip("/"), ".gitattributes") for folder in folders]
    return all(os.path.isfile(path) or not os.path.lexists(path) for path in found)


def read_file(repository: Repository, commit: str, path: str, most: int) -> bytes | None:
    """A file of at most `most` bytes in a commit; `None` if there is none (nothing, or a folder), or a partial clone
    lacks it. A link may lead to another file of that commit. Raises `ValueError` if the file is larger, or the link
    leads out of the repository."""
    form = "--batch-check=%(objecttype) %(objectsize) %(objectname)"
    try:
        said = repository.git("cat-file", "--follow-symlinks", form, feed=f"{commit}:{path}\n").split("\n", 1)[0]
        kind, _, rest = said.partition(" ")
        size, _, name = rest.partition(" ")
        if kind == "symlink":
            raise ValueError("it is a link to a place outside the repository")
        if kind == "blob" and int(size) > most:
            raise ValueError(f"it is larger than {most >> 10} KiB")
        return os.fsencode(repository.git("cat-file", "blob", name)) if kind == "blob" else None
    except GitFailed:
        return None


def tags(repository: Repository) -> dict[str, str]:
    """Commit by name of tag."""
    refs = all_refs(repository)
    return {name.removeprefix("refs/tags/"): tip for name, tip in refs.items() if name.startswith("refs/tags/")}
