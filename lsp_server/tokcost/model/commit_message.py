"""Editing a commit message the way git does: where a trailer goes, and what is not part of the message.

The rules are those of git-interpret-trailers(1) and of `trailer.c` and `wt-status.c` in git's sources; tests hold them
against git itself. Text is what the file holds, undecodable bytes as surrogates, so that nothing else changes.
"""

import re
from collections.abc import Sequence
from typing import NamedTuple

from tokcost.model.trailer import Line, carries_line, format_line, highest, is_second_line, read_message

_SCISSORS = "------------------------ >8 ------------------------"
_TRAILER = re.compile(r"[A-Za-z0-9][A-Za-z0-9-]*[ \t]*:")
_MADE_BY_GIT = ("Signed-off-by: ", "(cherry picked from commit ")


class Parts(NamedTuple):
    """A message, taken apart."""

    content: list[str]
    """Its lines, without trailing blank ones."""
    rest: list[str]
    """What follows: blank lines, comments, a cut line and everything below it."""


class Mark(NamedTuple):
    """Where a message says something under our key."""

    start: int
    """Number of its first line, from 0."""
    stop: int
    """Number of the line behind it."""
    line: Line | None
    """What it says; `None` when that is nobody's or cannot be understood."""
    damaged: str = ""
    """The whole line, where it has an id of ours and the rest cannot be understood."""


def marks(text: str, comment: str = "#") -> list[Mark]:
    """Every place in a message's content that begins with our key; git's comments are none of it."""
    content = split(text, comment).content
    found: list[Mark] = []
    for start, one in enumerate(content):
        if carries_line(one) and (mark := _mark(content, start)):
            found.append(mark)
    return found


def _mark(content: Sequence[str], start: int) -> Mark | None:
    """What a line under our key says, alone or with what it was wrapped into; `None` for a second line of ours."""
    foreign = damaged = None
    for stop in range(start + 1, min(start + 4, len(content)) + 1):
        if stop > start + 1 and not _goes_on(content[stop - 1]):
            break
        read = read_message("\n".join(content[start:stop]))
        if read.lines:
            return Mark(start, stop, read.lines[0])
        if read.damaged:
            damaged = damaged or Mark(start, stop, None, read.damaged[0])
        if read.foreign:
            foreign = foreign or Mark(start, stop, None)
    return damaged or foreign


def split(text: str, comment: str = "#") -> Parts:
    """The part of a message that is content, and what git puts below it. Comments inside the content stay there."""
    lines = text.split("\n")
    end = _cut(lines, comment)
    while end and _is_no_content(lines[end - 1], comment):
        end -= 1
    return Parts(lines[:end], lines[end:])


def comment_in(text: str) -> str:
    """The character that begins a comment, where the message shows it; empty where it does not."""
    lines = text.rstrip().split("\n")
    cut = next((line for line in lines if line.endswith(f" {_SCISSORS}")), "")
    return cut[: -1 - len(_SCISSORS)] if cut else "#" if lines[-1].startswith("#") else ""


def has_content(text: str, comment: str = "#", *, comments_count: bool = False) -> bool:
    """Whether anything would be left of a message when its comments are gone."""
    lines = text.split("\n")
    kept = lines[: _cut(lines, comment)]
    return any(line.strip() and (comments_count or not line.startswith(comment)) for line in kept)


def add_lines(text: str, lines: Sequence[Line], comment: str = "#") -> str:
    """The message with these lines in its trailer block; an older version of the same id is replaced where it
    stands."""
    if not lines:
        return text
    content, rest = split(text, comment)
    wanted = {line.id: line for line in lines}
    content = _replaced(content, wanted)
    new = [part for line in wanted.values() for part in format_line(line).split("\n")]
    if new and not content:
        content = ["", ""]  # an empty first line waits for the title
    elif new and not _ends_in_trailers(content, comment):
        content.append("")
    return "\n".join([*content, *new, *(rest or [""])])


def lift_lines(text: str, more: Sequence[Line] = (), comment: str = "#") -> str:
    """The message with every line of ours, wherever it stands, moved into its trailer block, each id once, at its
    highest version; `more` are lines that belong there besides."""
    content, rest = split(text, comment)
    found = read_message("\n".join(content)).lines
    lines = list(highest([*found, *more]).values())
    return add_lines("\n".join([*_without_ours(content), *rest]), lines, comment) if lines else text


def drop_lines(text: str, comment: str = "#") -> str:
    """The message without any line of ours."""
    content, rest = split(text, comment)
    return "\n".join([*_without_ours(content), *rest])


def _replaced(content: Sequence[str], wanted: dict[str, Line]) -> list[str]:
    """The content with the first clean line of each id as it is `wanted`; these are not wanted any more then."""
    kept: list[str] = []
    number = 0
    while number < len(content):
        line = wanted.pop(_clean_id(content[number]), None)
        if line is None:
            kept.append(content[number])
            number += 1
        else:
            kept += format_line(line).split("\n")
            number = _extent(content, number).stop
    return kept


def _cut(lines: Sequence[str], comment: str) -> int:
    cut = f"{comment} {_SCISSORS}"
    return next((number for number, line in enumerate(lines) if line == cut), len(lines))


def _is_no_content(line: str, comment: str) -> bool:
    return not line.strip() or line.startswith(comment)


def _ends_in_trailers(content: Sequence[str], comment: str) -> bool:
    """Whether the last paragraph is a trailer block: trailers alone, or a quarter of them and one that git writes.
    The first paragraph, the title, never is."""
    start = len(content)
    while start and content[start - 1].strip():
        start -= 1
    if not any(line.strip() and not line.startswith(comment) for line in content[:start]):
        return False
    trailers = others = 0
    made_by_git = inside = False
    for line in content[start:]:
        if line.startswith(comment):
            inside = False  # a line behind it goes on with nothing
        elif line.startswith(_MADE_BY_GIT):
            trailers, made_by_git, inside = trailers + 1, True, True
        elif _TRAILER.match(line):
            trailers, inside = trailers + 1, True
        elif line[0] not in " \t" or not inside:
            others, inside = others + 1, False
    return trailers > 0 and (not others or (made_by_git and trailers * 3 >= others))


def _clean_id(text: str) -> str:
    """Whose claim a line is, with nothing in front of our key; empty where it is none of ours."""
    found = read_message(text).lines if text[:1].isalpha() else []
    return found[0].id if found else ""


def _extent(content: Sequence[str], start: int) -> range:
    """The lines that belong to one line of ours: its second line, and what either was wrapped into."""
    end = start + 1
    wanted = len(read_message(content[start]).lines)
    while not wanted and end < len(content) and end - start < 4 and _goes_on(content[end]):
        end += 1
        wanted = len(read_message("\n".join(content[start:end])).lines)
    if not wanted:
        return range(start, start + 1)
    if end < len(content) and is_second_line(content[end]):
        end += 1
        if end < len(content) and content[end][:1] == " " and "=" in content[end]:
            end += 1
    return range(start, end)


def _goes_on(text: str) -> bool:
    """Whether a line can be what the one before it was wrapped into."""
    return bool(text.strip()) and not carries_line(text)


def _without_ours(content: Sequence[str]) -> list[str]:
    kept: list[str] = []
    number = 0
    while number < len(content):
        if not carries_line(content[number]):
            kept.append(content[number])
            number += 1
            continue
        extent = _extent(content, number)
        if not read_message("\n".join(content[extent.start : extent.stop])).lines:
            kept.extend(content[extent.start : extent.stop])  # foreign or damaged: not ours to move
        elif kept and not kept[-1].strip() and extent.stop < len(content) and not content[extent.stop].strip():
            kept.pop()
        number = extent.stop
    while kept and not kept[-1].strip():
        kept.pop()
    return kept
