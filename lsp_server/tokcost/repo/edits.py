"""The lines that each commit of a branch changed, from the hunk headers of git's diffs; the text itself is skipped."""

import re
from collections.abc import Iterator

from tokcost.model.edits import BranchStep, FileEdit, Hunk
from tokcost.repo.history import PLAIN, Range, Repository, attributes_are_files, changed_in, first_parents
from tokcost.repo.moments import moment_of

# Several of these only override a `diff.*` setting (interHunkContext, renames, noprefix, submodule), so that
# everybody's output has one form.
_DIFF = ["-U0", "--inter-hunk-context=0", "--ignore-all-space", "--find-renames", "--no-prefix", "--no-ext-diff",
         "--no-textconv", "--submodule=short", "--no-color"]  # fmt: skip
_LOG = [*PLAIN, "log", "--first-parent", "--diff-merges=first-parent", "--reverse", "--no-show-signature", "--no-notes"]
_HUNK = re.compile(r"@@ -(\d+)(?:,(\d+))? \+\d+(?:,(\d+))? @@")
_COMMIT = "commit "


def read_edits(repository: Repository, span: Range) -> Iterator[BranchStep]:
    """The first-parent commits of the first tip, oldest first. Raises `GitFailed` if a partial clone lacks the
    contents; nothing is read if a file in the folder would make git wait."""
    # To find the paths, git reads no .gitattributes. For the diff below it does, and would wait for ever for a pipe of
    # that name.
    if not attributes_are_files(repository, changed_in(repository, first_parents(repository, span))):
        return
    reading = _Reading()
    feed = span._replace(tips=span.tips[:1]).feed
    for line in repository.each(*_LOG, *_DIFF, "--stdin", f"--format={_COMMIT}%H %ct", feed=feed, end=b"\n"):
        if step := reading.read(line):
            yield step
    if step := reading.step():
        yield step


class _Reading:
    """The output of git, line by line."""

    def __init__(self) -> None:
        self._commit = ""
        self._time = 0
        self._files: list[FileEdit] = []
        self._text = 0
        """Lines of text that remain to be skipped."""
        self._begin(None, None)

    def read(self, line: str) -> BranchStep | None:
        """Take a line; returns a completed step if the line begins another one."""
        # Text comes first: a removed line `-- x` reads `--- x`. The header of a hunk does not count
        # git's remark `\ No newline at end of file`.
        if self._text and not line.startswith("\\"):
            self._text -= 1
        elif found := _HUNK.match(line):
            self._hunk(*(int(one) if one is not None else 1 for one in found.groups()))
        elif line.startswith("--- "):
            self._before = _path(line[4:])
        elif line.startswith("+++ "):
            self._after = _path(line[4:])
        elif line.startswith("rename from "):
            self._before = line[12:]
        elif line.startswith("rename to "):
            self._after = line[10:]
        elif line.startswith("diff --git "):
            self._end_file()
        elif line.startswith(_COMMIT):
            step = self.step()
            _, self._commit, time = line.split(" ")
            self._time = moment_of(time)
            return step
        return None

    def step(self) -> BranchStep | None:
        """The step read last, if there is one."""
        self._end_file()
        step = BranchStep(self._commit, self._time, tuple(self._files)) if self._commit else None
        self._files = []
        return step

    def _hunk(self, start: int, removed: int, added: int) -> None:
        # If nothing was removed, git names the previous line; otherwise the first removed line.
        self._hunks.append(Hunk(start if not removed else start - 1, removed, added))
        self._text = removed + added

    def _end_file(self) -> None:
        if self._before != self._after or self._hunks:
            self._files.append(FileEdit(self._before, self._after, tuple(self._hunks)))
        self._begin(None, None)

    def _begin(self, before: str | None, after: str | None) -> None:
        self._before, self._after = before, after
        self._hunks: list[Hunk] = []


def _path(text: str) -> str | None:
    """A path as git writes it, followed by a tab if it contains a space."""
    return None if text == "/dev/null" else text.removesuffix("\t")
