"""Edits a commit message the way git does: where a trailer goes, and what is not part of the message.

The rules are those of git-interpret-trailers(1) and of `trailer.c` and `wt-status.c` in git's sources; tests compare
them with git itself. Texts are the file's contents with undecodable bytes as surrogates, so that nothing else changes.
"""

import re
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import takewhile
from typing import Literal, NamedTuple

from tokcost.model.trailer import (
    MOST_WRAPPED,
    Line,
    apart,
    carries_line,
    ends_in_id,
    format_line,
    highest,
    is_rest_of_version,
    is_second_line,
    lines_near_ids,
    possible_ids,
    read_message,
)

# `cut_line` in git's wt-status.c.
_SCISSORS = "------------------------ >8 ------------------------"
# The characters that git's trailer.c allows in a token (`find_separator`).
_TRAILER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*[ \t]*:")
_SIGNED_OFF = "Signed-off-by: "
# `git_generated_prefixes` in git's trailer.c: these make a block of a paragraph that has other lines, too.
_MADE_BY_GIT = (_SIGNED_OFF, "(cherry picked from commit ")
_BREAKING = re.compile(r"[\s|*]*+(?:BREAKING[ -]CHANGES?(?:[:\s]|$)|DEPRECATED:)", re.IGNORECASE)
"""The beginning of a note for conventional-commits-parser; the note extends to the end of the message."""

Placement = Literal["auto", "end"]
"""The place of new lines.

- `auto`: before what other programs want at the end: sign-offs, and the text of a breaking change.
- `end`: behind everything, where git always sees trailers.
"""


class Parts(NamedTuple):
    """The parts of a message."""

    content: list[str]
    """Its lines, without trailing blank lines."""
    rest: list[str]
    """The remaining lines: blank lines, comments, a scissors line and everything below it."""


class Mark(NamedTuple):
    """The place of text under our key in a message."""

    start: int
    """Number of its first line, from 0."""
    stop: int
    """Number of the line after it."""
    line: Line | None
    """The line; `None` if it is foreign or cannot be parsed."""
    damaged: str = ""
    """The text of the line if it has an id of ours and the rest cannot be parsed."""


def marks(text: str, comment: str = "#") -> list[Mark]:
    """Every place in a message's content that begins with our key; git's comments are no content."""
    content = split_message(text, comment).content
    found: list[Mark] = []
    for start, one in enumerate(content):
        if carries_line(one) and (mark := _mark(content, start)):
            found.append(mark)
    return found


def _mark(content: Sequence[str], start: int) -> Mark | None:
    """The mark of a line under our key, including the lines it was wrapped into; `None` for a second line of ours."""
    foreign = damaged = None
    for stop in range(start + 1, min(start + 1 + MOST_WRAPPED, len(content)) + 1):
        if stop > start + 1 and not _goes_on(content[stop - 1]):
            break
        read = read_message("\n".join(content[start:stop]))
        if read.lines:
            stop += _has_rest(content, stop)
            return Mark(start, stop, read_message("\n".join(content[start:stop])).lines[0])
        if read.damaged:
            damaged = damaged or Mark(start, stop, None, read.damaged[0])
        if read.foreign:
            foreign = foreign or Mark(start, stop, None)
    return damaged or foreign


def split_message(text: str, comment: str = "#") -> Parts:
    """The content of a message, and what git puts below it.

    Comments inside the content stay there. If git removes no comments from this message (`comment` is empty), all of it
    is content.
    """
    lines = text.split("\n")
    end = _cut(lines, comment)
    while end and _is_no_content(lines[end - 1], comment):
        end -= 1
    return Parts(lines[:end], lines[end:])


def comment_in(text: str) -> str:
    """The prefix of comments, as shown by git's own notes in the message; empty if there are none."""
    lines = text.rstrip().split("\n")
    cut = next((line for line in lines if line.endswith(f" {_SCISSORS}")), "")
    # git writes this line behind the prefix of this clone's comments (`core.commentChar`), whatever that is.
    if cut:
        return cut[: -1 - len(_SCISSORS)]
    start = len(lines)
    while start and lines[start - 1].startswith("#"):
        start -= 1
    # git puts an empty line before its notes: text without one is somebody's own
    return "#" if start < len(lines) and start and not lines[start - 1].strip() else ""


def keeps_comments(text: str) -> bool:
    """Whether a message for an editor shows that git keeps its comments: with `--cleanup=scissors`, the scissors
    line is the first of its notes."""
    lines = text.split("\n")
    cut = next((number for number, line in enumerate(lines) if line.endswith(f" {_SCISSORS}")), 0)
    return cut > 0 and not lines[cut - 1].strip()


def has_content(text: str, comment: str = "#") -> bool:
    """Whether git would make a commit of a message. It makes none of blank lines, comments and sign-offs alone."""
    # As `rest_is_empty` in git's sequencer.c.
    lines = text.split("\n")
    kept = lines[: _cut(lines, comment)]
    return any(line.strip() and not _is_comment(line, comment) and not line.startswith(_SIGNED_OFF) for line in kept)


def _ours(content: Sequence[str]) -> list[Line]:
    """Every line of ours in some content. Foreign lines, which take long to parse, are usually recognised by their
    lack of an id."""
    text = "\n".join(content)
    return read_message(text).lines if possible_ids(text) else []


def lines_in(text: str, comment: str = "#") -> list[Line]:
    """Every line of ours in a message's content. git's notes quote some as well, with `-v` in the diff that they
    show."""
    return _ours(split_message(text, comment).content)


def has_ours_in_title(text: str, comment: str = "#") -> bool:
    """Whether a line of ours would be in the title of a commit with this message: git uses the complete first
    paragraph (`%s`)."""
    content = [line for line in split_message(text, comment).content if not _is_comment(line, comment)]
    first = next((number for number, line in enumerate(content) if line.strip()), len(content))
    return any(carries_line(line) for line in takewhile(str.strip, content[first:]))


def add_lines(text: str, lines: Sequence[Line], comment: str = "#", placement: Placement = "auto") -> str:
    """The message with these lines in its trailer block; an older version of an id is replaced in place."""
    if not lines:
        return text
    content, rest = split_message(text, comment)
    wanted = {line.id: line for line in lines}
    return _with_new(Parts(_replaced(content, wanted), rest), wanted.values(), comment, placement)


def _with_new(parts: Parts, lines: Iterable[Line], comment: str, placement: Placement) -> str:
    content, rest = parts
    new = [part for line in lines for part in format_line(line).split("\n")]
    if new and not content:
        content, rest = _titled_by_comment(rest)
    return "\n".join([*_placed(content, new, comment, placement), *(rest or [""])])


def _titled_by_comment(rest: list[str]) -> tuple[list[str], list[str]]:
    """A message of comments alone: an empty first line waits for the title. If the first line is a comment, it may
    become the title, so nothing goes above it."""
    end = next((number for number, line in enumerate(rest) if not line.strip()), len(rest))
    return (rest[:end], rest[end:]) if end else (["", ""], rest)


def _placed(content: list[str], new: list[str], comment: str, placement: Placement) -> list[str]:
    """The content with new lines in it: in the trailer block, if there is one, before its closing sign-offs, and
    above the text of a breaking change, which in a changelog extends to the end of the message."""
    if not new:
        return content
    note = _breaking_change(content, comment) if placement == "auto" else 0
    start = _trailer_block(content, comment)
    if note and note < start:
        while content[note - 1].strip():
            note -= 1
        above = [*content[:note]]
        while above and not above[-1].strip():
            above.pop()
        # Placed once more, since the part above may end in a trailer block of its own.
        return [*_placed(above, new, comment, placement), "", *content[note:]]
    at = note or (_before_sign_offs(content, start) if placement == "auto" else len(content))
    # Content without text waits for a title, and has the blank line below that already (`_titled_by_comment`).
    waits = not any(line.strip() for line in content)
    between = [] if waits or start < len(content) else [""]
    return [*content[:at], *between, *new, *content[at:]]


def _breaking_change(content: Sequence[str], comment: str) -> int:
    """The line where the text of a breaking change begins, below the title's paragraph; 0 if there is none."""
    title = next((number for number, line in enumerate(content) if line.strip()), 0)
    body = next((number for number in range(title, len(content)) if not content[number].strip()), len(content))
    for number in range(body, len(content)):
        if _BREAKING.match(content[number]) and not _is_comment(content[number], comment):
            return number
    return 0


def _before_sign_offs(content: Sequence[str], start: int) -> int:
    """The position behind the last line of the trailer block that is no sign-off: commitlint wants sign-offs last."""
    end = len(content)
    while end > start and content[end - 1].startswith(_SIGNED_OFF):
        end -= 1
    return end


def lift_lines(text: str, more: Sequence[Line] = (), comment: str = "#", placement: Placement = "auto") -> str:
    """The message with all lines of ours moved into its trailer block, each id once, at its highest version; `more`
    are additional lines for the block."""
    content, rest = split_message(text, comment)
    found = _ours(content)
    lines = list(highest([*found, *more]).values())
    if not lines:
        return text
    kept = _without_ours(content, {line.id for line in found})
    rest = _without_copies(rest, {line.id: line.version for line in lines})
    return _with_new(split_message("\n".join([*kept, *rest]), comment), lines, comment, placement)


def _without_copies(rest: list[str], versions: Mapping[str, int]) -> list[str]:
    """The part below a scissors line, without lines of ours that are above it now. A squash joins messages that may
    contain a scissors line, at which git usually does not cut. A diff (`-v`) is left unchanged."""
    if any(line.startswith("diff --") for line in rest):
        return rest
    copies = {line.id for line in _ours(rest) if line.version <= versions.get(line.id, 0)}
    return [*_without_ours(rest, copies), ""] if copies else rest


def drop_lines(text: str, comment: str = "#") -> str:
    """The message without any line of ours."""
    content, rest = split_message(text, comment)
    return "\n".join([*_without_ours(content, {line.id for line in _ours(content)}), *rest])


def _replaced(content: Sequence[str], wanted: dict[str, Line]) -> list[str]:
    """The content with the first line of each id replaced by the `wanted` one; replaced ids are removed from
    `wanted`. A line with a bullet or the like in front is removed instead, and its replacement goes to the trailers."""
    if not lines_near_ids(content, wanted):
        return [*content]
    kept: list[str] = []
    content = apart(content)
    for extent, found in _extents(content, wanted):
        if not found or found[0].id not in wanted:
            kept += content[extent.start : extent.stop]
        elif content[extent.start][:1].isalpha():
            kept += format_line(wanted.pop(found[0].id)).split("\n")
    while kept and not kept[-1].strip():
        kept.pop()
    return kept


def _cut(lines: Sequence[str], comment: str) -> int:
    """The line from which on git cuts a message off. If no comments are removed, that depends on the command;
    nothing of ours goes below that line."""
    cut = f"{comment} {_SCISSORS}"
    for number, line in enumerate(lines):
        if line == cut or (not comment and line.endswith(f" {_SCISSORS}") and " " not in line[: -len(cut)]):
            return number
    return len(lines)


def _is_no_content(line: str, comment: str) -> bool:
    return not line.strip() or _is_comment(line, comment)


def _is_comment(line: str, comment: str) -> bool:
    return bool(comment) and line.startswith(comment)


def _trailer_block(content: Sequence[str], comment: str) -> int:
    """The line where the trailer block at the end of the content begins; the content's length if there is none.

    The block is the last paragraph, if it consists of trailers alone, or of a quarter of trailers and one that git
    writes. The first paragraph, the title, is never a trailer block; but below a line that waits for the title, git
    writes sign-offs.
    """
    start = len(content)
    while start and content[start - 1].strip():
        start -= 1
    above = any(line.strip() and not _is_comment(line, comment) for line in content[:start])
    signed = start > 0 and all(line.startswith(_SIGNED_OFF) for line in content[start:])
    if not above and not signed:
        return len(content)
    trailers = others = 0
    made_by_git = inside = False
    for line in content[start:]:
        if _is_comment(line, comment):
            inside = False  # a line behind it continues nothing
        elif line.startswith(_MADE_BY_GIT):
            trailers, made_by_git, inside = trailers + 1, True, True
        elif _TRAILER.match(line):
            trailers, inside = trailers + 1, True
        elif line[0] not in " \t" or not inside:
            others, inside = others + 1, False
    # The condition of git's trailer.c: where git sees no block, it would not read our line as a trailer.
    is_block = trailers > 0 and (not others or (made_by_git and trailers * 3 >= others))
    return start if is_block else len(content)


def _extents(content: Sequence[str], ids: Collection[str]) -> Iterator[tuple[range, list[Line]]]:
    """The message in pieces: each line of ours with one of these ids as `_extent` finds it, and every other line by
    itself, without a line of ours."""
    near, start = lines_near_ids(content, ids), 0
    while start < len(content):
        is_near = start in near and carries_line(content[start])
        extent, found = _extent(content, start) if is_near else (range(start, start + 1), list[Line]())
        yield extent, found
        start = extent.stop


def _extent(content: Sequence[str], start: int) -> tuple[range, list[Line]]:
    """The lines that belong to one line of ours (its second line, and continuations of either), and that line."""
    end = start + 1
    found = read_message(content[start]).lines
    while not found and end < len(content) and end - start <= MOST_WRAPPED and _goes_on(content[end]):
        end += 1
        found = read_message("\n".join(content[start:end])).lines
    if not found:
        return range(start, start + 1), []
    if _has_rest(content, end):
        end += 1
        found = read_message("\n".join(content[start:end])).lines
    if end < len(content) and is_second_line(content[end]):
        end = _end_of_second(content, end)
    return range(start, end), found


def _end_of_second(content: Sequence[str], start: int) -> int:
    """The end of a second line, including its continuations."""
    for end in range(start + 1, min(start + 1 + MOST_WRAPPED, len(content)) + 1):
        if end > start + 1 and not _goes_on(content[end - 1]):
            break
        if ends_in_id("\n".join(content[start:end])):
            return end + _has_rest(content, end)
    return start + 1


def _has_rest(content: Sequence[str], end: int) -> bool:
    """Whether the version of the id that ends before `end` was cut off and is at that position."""
    return end < len(content) and is_rest_of_version(content[end - 1], content[end])


def _goes_on(text: str) -> bool:
    """Whether a line can be a continuation of the previous one."""
    return bool(text.strip()) and not carries_line(text)


def _without_ours(content: Sequence[str], ids: Collection[str]) -> list[str]:
    """The content without our lines, which have these ids."""
    if not ids:
        return [*content]
    kept: list[str] = []
    content = apart(content)
    for extent, found in _extents(content, ids):
        if not found:
            kept += content[extent.start : extent.stop]  # foreign or damaged: not ours to move
        # Otherwise the blank lines above and below the line would meet.
        elif kept and not kept[-1].strip() and extent.stop < len(content) and not content[extent.stop].strip():
            kept.pop()
    while kept and not kept[-1].strip():
        kept.pop()
    return kept
