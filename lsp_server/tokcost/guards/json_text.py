"""Inserts elements into a JSON text and removes them, leaving every other byte unchanged.

People format their settings by hand; parsing and writing the complete document would reformat it. Positions come from
the standard library's decoder, which sees spaces in place of extensions that some programs accept: a byte order mark,
comments, and trailing commas.
"""

import json
import re
from json import JSONDecodeError, JSONDecoder
from typing import NamedTuple

from tokcost.guards.protocol import Entry, Extension

_SPACE = re.compile(r"[ \t\n\r]*")
# A string is matched first, since `//` in a URL begins no comment and `,]` in a text ends no list. Possessive: after an
# unclosed quote the rest is not tried again from every character.
_STRING = r'"(?:\\.|[^"\\])*+(?:"|\Z)'
_COMMENT = re.compile(rf"{_STRING}|(//[^\r\n]*+|/\*[\s\S]*?(?:\*/|\Z))", re.DOTALL)
_LAST_COMMA = re.compile(rf"{_STRING}|(,)(?=[ \t\n\r]*+[}}\]])", re.DOTALL)
_BOM = "\ufeff"
_INDENT = re.compile(r"\{\s*?\n([ \t]+)\"")
_USUAL = "  "


class UnreadableJson(ValueError):
    """The text is no JSON document with the required lists and objects; the message says where."""


class TextSpan(NamedTuple):
    """A value in the text."""

    start: int
    end: int


def is_blank(text: str) -> bool:
    """Whether a file contains nothing but white space, and perhaps a byte order mark."""
    return not text.removeprefix(_BOM).strip()


def beyond_json(text: str) -> dict[Extension, str]:
    """The parts of a text that are no standard JSON: the first of each kind, as `a comment in line 2`."""
    found: dict[Extension, str] = {"mark": "a mark of the byte order (BOM) at its start"} if text[:1] == _BOM else {}
    kinds: tuple[tuple[Extension, re.Pattern[str], str], ...] = (
        ("comment", _COMMENT, "a comment"),
        ("comma", _LAST_COMMA, "a comma behind the last element"),
    )
    for kind, pattern, words in kinds:
        at = next((one.start() for one in pattern.finditer(text) if one[1]), None)
        if at is not None:
            found[kind] = f"{words} in line {_line(text, at)}"
        text = _blanked(text, pattern)
    return found


def _plain(text: str) -> str:
    """The text as standard JSON, with every character in its place."""
    text = f" {text[1:]}" if text.startswith(_BOM) else text
    # Comments first, since one may stand between the last comma and the bracket.
    return _blanked(_blanked(text, _COMMENT), _LAST_COMMA)


def _blanked(text: str, pattern: re.Pattern[str]) -> str:
    # As many spaces as characters: positions in the result are used in the text itself.
    return pattern.sub(lambda found: " " * len(found[1]) if found[1] else found[0], text)


def _line(text: str, at: int) -> int:
    return text.count("\n", 0, at) + 1


def parsed(text: str) -> object:
    """The value of a document. Raises `UnreadableJson`."""
    plain = _plain(text)
    return _value(plain, _skip(plain, 0))[0]


def insertions(text: str, entries: list[Entry]) -> tuple[str, list[str]]:
    """The text with all entries, and each inserted piece in order. Raises `UnreadableJson`."""
    plain = _plain(text)
    _, end = _value(plain, _skip(plain, 0))
    # The decoder stops behind the first value; an entry put into such a text would never be read.
    if (more := _skip(plain, end)) < len(plain):
        raise UnreadableJson(f"it is not JSON: there is text after its end in line {_line(plain, more)}")
    line_end = "\r\n" if "\r\n" in text else "\n"
    pieces: list[str] = []
    for entry in entries:
        at, piece = _insertion(_plain(text), entry)
        # Before the next entry, whose position must count these line ends.
        piece = piece.replace("\n", line_end)
        text = text[:at] + piece + text[at:]
        pieces.append(piece)
    return text, pieces


def without(text: str, pieces: list[str]) -> str | None:
    """The text without inserted pieces, the last one removed first; `None` if one of them was changed."""
    for piece in reversed(pieces):
        # If somebody has copied the piece, ours cannot be told from the copy.
        if text.count(piece) != 1:
            return None
        before, _, behind = text.partition(piece)
        if before.rstrip().endswith(("{", "[")) and behind.lstrip().startswith(","):
            behind = behind.lstrip()[1:]  # the piece was the first member, and somebody added others since
        text = before + behind
    return text


def without_elements(text: str, path: tuple[str, ...], mark: str) -> str:
    """The text without those elements of a list that contain some texts, wherever they are and however they are
    formatted. Raises `UnreadableJson`."""
    while True:
        plain = _plain(text)
        span = _found(plain, path)
        elements = _elements(plain, span, ".".join(path)) if span else []
        at = next((at for at, one in enumerate(elements) if mark in text[one.start : one.end]), None)
        if at is None:
            return text
        start, end = elements[at]
        # The comma behind the element goes with it; for the last element, the one before.
        if at + 1 < len(elements):
            end = elements[at + 1].start
        elif at:
            start = elements[at - 1].end
        text = text[:start] + text[end:]


def _found(text: str, path: tuple[str, ...]) -> TextSpan | None:
    """The value at the end of a path of keys, if there is one."""
    at: int | None = _skip(text, 0)
    span = None
    for key in path:
        assert at is not None
        span = _members(text, at, key)[0].get(key)
        if span is None:
            return None
        at = span.start
    return span


def _insertion(text: str, entry: Entry) -> tuple[int, str]:
    """A piece, and the position for it."""
    if "\n" in text.strip():
        found = _INDENT.search(text)
        indent = found[1] if found else _USUAL
    else:
        indent = None
    here, span = _members(text, _skip(text, 0), "the file"), None
    for depth, key in enumerate(entry.path):
        title = ".".join(entry.path[: depth + 1])
        span = here[0].get(key)
        if span is None:
            value: object = [entry.value]
            for name in reversed(entry.path[depth + 1 :]):
                value = {name: value}
            return _appended(text, here[1], list(here[0].values()), indent, depth + 1, (key, value))
        if depth < len(entry.path) - 1:
            here = _members(text, span.start, title)
    assert span is not None
    elements = _elements(text, span, ".".join(entry.path))
    return _appended(text, span, elements, indent, len(entry.path) + 1, (None, entry.value))


def _appended(
    text: str,
    around: TextSpan,
    inside: list[TextSpan],
    indent: str | None,
    depth: int,
    member: tuple[str | None, object],
) -> tuple[int, str]:
    """Another member of an object or element of a list, formatted like the others."""
    key, value = member
    said = json.dumps(value, indent=indent, ensure_ascii=False)
    if indent is not None:
        said = said.replace("\n", "\n" + indent * depth)
    said = said if key is None else f"{json.dumps(key)}: {said}"
    line = "" if indent is None else "\n" + indent * depth
    if inside:
        return max(one.end for one in inside), f",{line or ' '}{said}"
    end = "" if indent is None else "\n" + indent * (depth - 1)
    if text[around.start + 1 : around.end - 1].strip():
        raise UnreadableJson(f"it is not JSON: there is text between two brackets in line {_line(text, around.start)}")
    return around.start + 1, f"{line}{said}{end if not text[around.start + 1 : around.end - 1] else ''}"


def _members(text: str, at: int, title: str) -> tuple[dict[str, TextSpan], TextSpan]:
    """The values of an object by their keys, and the object. Raises `UnreadableJson`."""
    start = _skip(text, at)
    if text[start : start + 1] != "{":
        raise UnreadableJson(f"{title} is not an object (line {_line(text, start)})")
    found: dict[str, TextSpan] = {}
    at = _skip(text, start + 1)
    while text[at : at + 1] != "}":
        key, at = _value(text, at)
        at = _skip(text, at)
        if not isinstance(key, str) or text[at : at + 1] != ":":
            raise UnreadableJson(f"{title} is not an object (line {_line(text, at)})")
        begin = _skip(text, at + 1)
        _, at = _value(text, begin)
        # Of a repeated key the last one counts, as in JavaScript's JSON.parse.
        found[key] = TextSpan(begin, at)
        at = _behind_comma(text, at, "}", title)
    return found, TextSpan(start, at + 1)


def _elements(text: str, span: TextSpan, title: str) -> list[TextSpan]:
    if text[span.start] != "[":
        raise UnreadableJson(f"{title} is not a list (line {_line(text, span.start)})")
    found: list[TextSpan] = []
    at = _skip(text, span.start + 1)
    while text[at] != "]":
        _, end = _value(text, at)
        found.append(TextSpan(at, end))
        at = _behind_comma(text, end, "]", title)
    return found


def _behind_comma(text: str, at: int, end: str, title: str) -> int:
    at = _skip(text, at)
    if text[at : at + 1] == ",":
        return _skip(text, at + 1)
    if text[at : at + 1] != end:
        raise UnreadableJson(f"{title} is not JSON in line {_line(text, at)}")
    return at


def _value(text: str, at: int) -> tuple[object, int]:
    try:
        return JSONDecoder().raw_decode(text, at)
    except JSONDecodeError as error:
        raise UnreadableJson(f"it is not JSON: {error.msg.lower()} in line {_line(text, error.pos)}") from error
    except RecursionError as error:
        raise UnreadableJson("it is nested too deeply") from error
    except ValueError as error:  # Python's error for a number of 5,000 digits
        raise UnreadableJson(f"it has a number of too many digits behind line {_line(text, at)}") from error


def _skip(text: str, at: int) -> int:
    found = _SPACE.match(text, at)
    return found.end() if found else at
