"""Remains of a line that was damaged by hand: enough to identify it, too little to parse it. Pure.

A person who removes a complete line does not want it published. A person who damages one (a slip in the editor, a
filter that truncates words) has decided nothing.
"""

from collections.abc import Iterable, Iterator, Sequence

from tokcost.model.commit_message import Mark, marks, split_message
from tokcost.model.trailer import (
    KEY,
    MOST_CHARACTERS,
    Line,
    format_line,
    is_of_second_line,
    is_second_line,
    possible_ids,
)

_COMMENTS = tuple("#;@!$%^&")
"""Characters that may begin a comment in git (`core.commentChar=auto`): a line that was commented out counts as
removed."""
_LEAST_OF_ID = 5
"""The minimum number of characters by which a truncated id is recognised."""


def remains(text: str, lines: Iterable[Line], comment: str = "#") -> dict[str, Mark]:
    """The places in a message that have remains of lines that cannot be parsed there, by id; each belongs to one
    line."""
    content = split_message(text, comment).content
    known = marks(text, comment)
    under_key = [mark for mark in known if mark.line is None]
    places = [*under_key, *_others(content, known)]
    found = dict[str, Mark]()
    for line in lines:
        wanted = _fields(format_line(line).partition("\n")[0])
        for place in places:
            said = "\n".join(content[place.start : place.stop]).lower()
            if _may_be_of(said, line.id, wanted) and _is_of(said, line.id, wanted, has_key=place in under_key):
                found[line.id] = place
                places.remove(place)
                break
    return found


def restored(text: str, line: Line, mark: Mark) -> str:
    """The message with a line restored where it has remains of it. Its second line is added if that is missing."""
    content = text.split("\n")
    first, *second = format_line(line).split("\n")
    is_there = any(is_second_line(one) and line.id in possible_ids("\n".join(content)) for one in content)
    content[mark.start : mark.stop] = [first] if is_there else [first, *second]
    return "\n".join(content)


def _others(content: Sequence[str], known: Iterable[Mark]) -> Iterator[Mark]:
    """Lines that are not under our key but may have been: they contain semicolons and are no comments."""
    inside = {number for mark in known for number in range(mark.start, mark.stop)}
    for number, text in enumerate(content):
        is_candidate = ";" in text and len(text) <= MOST_CHARACTERS and not text.lstrip().startswith(_COMMENTS)
        if is_candidate and number not in inside and not is_of_second_line(text):
            yield Mark(number, number + 1, None)


def _may_be_of(text: str, name: str, wanted: set[str]) -> bool:
    """Whether any part of a line can be in a text; this excludes others quickly, of which there may be very many."""
    return name[:_LEAST_OF_ID] in text or name[-_LEAST_OF_ID:] in text or any(field in text for field in wanted)


def _is_of(text: str, name: str, wanted: set[str], *, has_key: bool) -> bool:
    same = len(_fields(text) & wanted)
    if name in possible_ids(text):
        return has_key or same > 0
    # A line without our key may be prose that names a model, so one sign is not enough there.
    return same + _has_part(text, name) > (0 if has_key else 1)


def _has_part(text: str, name: str) -> bool:
    """Whether the beginning or the end of an id is left as a word."""
    words = (word.strip(".,;:") for word in text.split())
    return any(len(word) >= _LEAST_OF_ID and (name.startswith(word) or name.endswith(word)) for word in words)


def _fields(text: str) -> set[str]:
    """The amount, the tokens and the models of a line, as far as they are there."""
    before, colon, rest = text.partition(":")
    is_key = colon and before.strip(" \t>*+|-\u2022").lower() == KEY.lower()
    fields = (" ".join(field.split()).lower() for field in (rest if is_key else text).split(";"))
    return {field for field in fields if any(map(str.isalnum, field))}
