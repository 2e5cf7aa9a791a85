"""The cost line of a commit message: its grammar, writing and parsing.

    AI-Cost: ~2 USD list; ~1M tokens; claude-opus-4-5, gpt-5.1-codex; 7k3qf9x2m4tc

Writing is strict. Parsing is tolerant: forges indent, quote, bullet and wrap messages, and people retype them. A line
without an id of ours belongs to somebody else (`foreign`); a line with an id whose rest cannot be parsed is `damaged`.

Anybody can write a message, and a fetch brings it here. Parsing therefore takes time proportional to the text, whatever
the text is: a line is measured before it is matched, every pattern is possessive or looks at a few characters, and
every number has an upper limit, so that SQLite can store it.
"""

import re
from collections.abc import Collection, Iterable, Sequence
from itertools import pairwise
from typing import NamedTuple

from tokcost.model.money import NANO_PER_USD
from tokcost.model.patterns import compiled_when_used
from tokcost.model.usage import Tokens

KEY = "AI-Cost"
TOKENS_KEY = "AI-Tokens"
WIDTH = 100
"""Maximum columns of a line: commitlint's default limit."""
ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base32, lower case: no two letters look alike."""
ID_LENGTH = 12
MOST_VERSION = 999_999_999
"""Nine digits: a claim with this version cannot be raised."""
MOST_COST = 100_000_000 * NANO_PER_USD
"""The largest amount of one line, in nano-dollars; a larger one is damage."""
MOST_TOKENS = 10**15
"""The largest number of tokens of one line, and of one class in its second line."""
MOST_WRAPPED = 5
"""The maximum number of continuations of a wrapped line: at 40 columns they hold all of it."""
MOST_CHARACTERS = 1024
"""Of one line with its continuations. We write 100; quotes, bullets and a forge's brackets are added to that."""


class Line(NamedTuple):
    """One version of one claim, as published."""

    id: str
    version: int
    cost: int | None
    """List price in nano-dollars; `None` if no model in it has a known price."""
    unpriced: bool
    """Whether it contains usage without a known price, which `cost` excludes."""
    tokens: int
    """All classes together."""
    models: tuple[str, ...] = ()
    """Most expensive first; empty if the developer hides them."""
    more_models: int = 0
    """The number of models for which the line had no room."""
    exact: bool = False
    classes: Tokens | None = None
    """Tokens by class (reasoning unknown), if the second line has them."""

    @property
    def token(self) -> str:
        """Id and version in their written form: `7k3qf9x2m4tc`, `7k3qf9x2m4tc.2`."""
        return self.id if self.version == 1 else f"{self.id}.{self.version}"


class MessageLines:
    """The lines in a message."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        """In the order of the message, including copies."""
        self.foreign = 0
        """Lines with our key and no id of ours."""
        self.damaged: list[str] = []
        """Lines with an id whose rest cannot be parsed."""


def format_line(line: Line) -> str:
    """The line as written to a message, with its second line if it is exact and the classes are known."""
    text = _fitted(f"{KEY}: {_amount(line)}; {_tokens(line)}", line.models, line.more_models, line.token)
    if line.exact and line.classes is not None:
        text += f"\n{_tokens_line(line.classes, line.token)}"
    return text


def writable_name(model: str) -> str:
    """A model name in the form for a line: without the part before the last slash (a folder, a provider), without
    the prefix of an `arn:`, and without characters that would break the line. `pricing/public.py` decides which
    names may be published."""
    name = model.rpartition("/")[2]
    if name.startswith("arn:"):
        name = ""
    return _NOT_IN_NAMES().sub("-", name).strip("-") or "other"


def read_message(message: str) -> MessageLines:
    """Every line of ours anywhere in a message: indented, quoted, bulleted, in the middle, wrapped."""
    found = MessageLines()
    # Nearly every message ends here, before any pattern is compiled.
    if KEY.lower() not in message.lower():
        return found
    texts = apart(message.splitlines())
    classes: dict[str, Tokens] = {}
    for number, text in enumerate(texts):
        start = _START().match(text)
        if start is None:
            continue
        rest, following = text[start.end() :], texts[number + 1 : number + 1 + MOST_WRAPPED]
        if start["key"].lower() == KEY.lower():
            _read_line(rest, following, found)
        else:
            classes.update(_read_tokens_line(_joined(rest, following)[0]))
    found.lines = [line._replace(classes=classes.get(line.token)) for line in found.lines]
    return found


def apart(texts: Sequence[str]) -> Sequence[str]:
    """The lines of a message, with every line of ours on a line of its own again if it was filled into a paragraph
    with its neighbours (`fmt` does that). Everything else stays as it is."""
    pieces: list[str] = []
    insides: list[bool] = []
    for text in texts:
        cuts = _cuts(text) if ":" in text else []
        for start, end in pairwise([0, *cuts, len(text)]):
            pieces.append(text[start:end])
            insides.append(start > 0)
    if not any(insides):
        return texts
    kept: list[list[str]] = []
    for number, (piece, is_inside) in enumerate(zip(pieces, insides, strict=True)):
        if not is_inside:
            kept.append([piece])
        elif _stands_alone(pieces, number):
            kept[-1][-1] = kept[-1][-1].rstrip()
            kept.append([piece])
        else:
            kept[-1].append(piece)
    return ["".join(parts) for parts in kept]


def _cuts(text: str) -> list[int]:
    """The places in a line where another one may begin."""
    first = _START().match(text)
    least = first.start("key") if first else -1
    begun = {found.start() for found in _INSIDE().finditer(text) if found.start() > least}
    return sorted(begun | {found.end() for found in _BEHIND().finditer(text)})


def _stands_alone(pieces: Sequence[str], number: int) -> bool:
    """Whether a piece from the middle of a line begins a parsable line of ours, or follows one."""
    start = _START().match(pieces[number])
    if start is None:
        return any(carries_line(piece) for piece in pieces[max(0, number - 1 - MOST_WRAPPED) : number])
    whole, token = _joined(pieces[number][start.end() :], pieces[number + 1 : number + 1 + MOST_WRAPPED])
    if token is None or len(whole) > MOST_CHARACTERS:
        return False
    return start["key"].lower() == TOKENS_KEY.lower() or _parsed(whole[: token.start], token) is not None


def highest(lines: Iterable[Line]) -> dict[str, Line]:
    """The join: for each id its highest version. If one version was edited by hand into two amounts, the larger one
    counts, so that the order of reading never matters."""
    kept: dict[str, Line] = {}
    for line in lines:
        other = kept.get(line.id)
        if other is None or _rank(line) > _rank(other):
            kept[line.id] = line
    return kept


def possible_ids(message: str) -> set[str]:
    """All texts in a message that could be the id of a line: a superset of what `read_message` finds, in a fraction
    of the time."""
    text = message.lower()
    broken = _BROKEN_ID().finditer(text) if KEY.lower() in text else ()
    return {*_POSSIBLE_ID().findall(text), *(one[1] + one[2] for one in broken if len(one[1] + one[2]) == ID_LENGTH)}


def lines_near_ids(content: Sequence[str], ids: Collection[str]) -> set[int]:
    """A superset of the line numbers at which a line of ours with one of these ids begins. A message may have
    100,000 foreign lines, each of which takes long to parse."""
    text, found, number, seen = "\n".join(content).lower(), set[int](), 0, 0
    for one in sorted((*_POSSIBLE_ID().finditer(text), *_BROKEN_ID().finditer(text)), key=re.Match[str].start):
        if (one[0] if one.re is _POSSIBLE_ID() else one[1] + one[2]) in ids:
            number, seen = number + text.count("\n", seen, one.start()), one.start()
            found.update(range(number - MOST_WRAPPED, number + 1))
    return found


def carries_line(text: str) -> bool:
    """Whether a single line of text begins a line of ours, whatever precedes it."""
    return _START().match(text) is not None


def read_token(text: str) -> tuple[str, int]:
    """Id and version in the form of `Line.token`; an empty id and 0 if the text is neither."""
    token = _token(text) if len(text) <= _LONGEST_TOKEN else None
    return (token.id, token.version) if token else ("", 0)


def ends_in_id(text: str) -> bool:
    """Whether a text ends like a line of ours: neither it nor its last word was wrapped."""
    before, _, last = text.rpartition("\n")
    return _token(text) is not None or (before != "" and _token(before + last) is not None)


def is_rest_of_version(before: str, text: str) -> bool:
    """Whether a single line of text is the version that was cut off at the dot behind the id before it. A version
    cut between its digits cannot be distinguished from another number."""
    before, rest = before.rstrip(), _BEFORE().sub("", text, count=1).rstrip()
    number = rest if before.endswith(".") else rest.removeprefix(".") if rest.startswith(".") else ""
    return number.isascii() and number.isdecimal() and _token(before + rest) is not None


def is_second_line(text: str) -> bool:
    """Whether a single line of text begins the second line of an exact line."""
    start = _START().match(text)
    return start is not None and start["key"].lower() == TOKENS_KEY.lower()


def is_of_second_line(text: str) -> bool:
    """Whether a single line of text is the second line of an exact line, or a folded part of it."""
    names = {name.lower() for name, _ in _CLASS().findall(text)}
    return is_second_line(text) or (bool(names) and names <= _CLASSES.keys())


_PREFIX = r"[\s>*+|\u2022-]*+(?:Summary:\s*+)?"
"""Phabricator puts its label before a body of one line."""
_BEFORE = compiled_when_used(_PREFIX, re.IGNORECASE)
_START = compiled_when_used(rf"{_PREFIX}(?P<key>{KEY}|{TOKENS_KEY})\s*+:", re.IGNORECASE)
_INSIDE = compiled_when_used(rf"(?<=\s)(?:{KEY}|{TOKENS_KEY}):(?:\s|$)", re.IGNORECASE)
"""A line of ours that begins in the middle of another."""
_BEHIND = compiled_when_used(
    rf"(?:^|;)\s*+[{ID_ALPHABET}]{{{ID_LENGTH}}}(?:\.[1-9][0-9]{{0,8}})?+\s++(?=[A-Za-z][A-Za-z0-9-]{{0,60}}+:(?:\s|$))",
    re.IGNORECASE | re.ASCII,
)
"""The end of a line of ours, followed by a trailer."""
_ANY_KEY = compiled_when_used(rf"{_PREFIX}[A-Za-z][A-Za-z0-9-]*+:\s", re.IGNORECASE)
# ASCII, or IGNORECASE takes U+017F for an s and U+212A for a k (https://docs.python.org/3/library/re.html).
_TOKEN = compiled_when_used(
    rf"(?:^|[^\w.-])(?P<id>[{ID_ALPHABET}]{{{ID_LENGTH}}})(?:\.(?P<version>[1-9][0-9]{{0,8}}))?$",
    re.IGNORECASE | re.ASCII,
)
_POSSIBLE_ID = compiled_when_used(rf"(?<![0-9a-z_])[{ID_ALPHABET}]{{{ID_LENGTH}}}(?![0-9a-z])")
_BREAKS = r"\n\v\f\r\x1c-\x1e\x85\u2028\u2029"
"""All line ends of `str.splitlines`."""
_BROKEN_ID = compiled_when_used(
    rf"(?<![0-9a-z_])([{ID_ALPHABET}]{{1,11}}+)[^\S{_BREAKS}]*+[{_BREAKS}]{_PREFIX}([{ID_ALPHABET}]{{1,11}}+)(?![0-9a-z])"
)
"""An id that was cut in two at the end of a line."""
_LONGEST_TOKEN = ID_LENGTH + 1 + len(str(MOST_VERSION))
_BEHIND_TOKEN = ".,;*_`)"
_ABOUT = ("~", "\u203e")
"""The sign of a rounded amount. In a history whose commits declare `encoding Shift_JIS`, git shows `~` as an
overline."""
_AMOUNT = compiled_when_used(
    rf"(?P<about>[{''.join(_ABOUT)}])?\s*+(?P<whole>[0-9][0-9,]*+)(?:\.(?P<part>[0-9]{{1,9}}+))?+\s*+USD(?:\s++list)?+"
    r"(?P<more>\s*+\+\s*+unpriced)?+$",
    re.IGNORECASE,
)
_COUNT = compiled_when_used(
    rf"[{''.join(_ABOUT)}]?\s*+(?P<whole>[0-9][0-9,]*+)(?:\.(?P<part>[0-9]{{1,9}}+))?+\s*+(?P<unit>[kMG])?+\s*+tokens?$",
    re.IGNORECASE,
)
_CLASS = compiled_when_used(r"(?<![a-z0-9-])([a-z0-9-]++)\s*+=\s*+([0-9]++)", re.IGNORECASE)
"""Without the lookbehind, a long word would be tried from each of its letters."""
_MORE = compiled_when_used(r"\+([0-9]{1,6})$")
_NOT_IN_NAMES = compiled_when_used(r"[^A-Za-z0-9._:@\[\]-]+")
_UNITS = {"": 0, "k": 3, "m": 6, "g": 9}
_CLASSES = {"input": 0, "cache-read": 1, "cache-write-5m": 2, "cache-write-1h": 3, "output": 4}
_IN_LINE = ("input", "output", "cache-read", "cache-write-5m", "cache-write-1h")


def _amount(line: Line) -> str:
    if line.cost is None:
        return "unpriced"
    about = "" if line.exact else "~"
    number = _exact_dollars(line.cost) if line.exact else _plain_dollars(line.cost)
    return f"{about}{number} USD list{' + unpriced' if line.unpriced else ''}"


def _exact_dollars(nano: int) -> str:
    whole, part = divmod(nano, NANO_PER_USD)
    # Nothing is cut off: `claims/rules.py` makes exact amounts whole multiples of this unit, and keeps the rest.
    return f"{whole}.{part // 100_000:04d}"


def _plain_dollars(nano: int) -> str:
    whole, part = divmod(nano, NANO_PER_USD)
    return f"{whole}.{part:09d}".rstrip("0").rstrip(".")


def _tokens(line: Line) -> str:
    if line.exact:
        return f"{line.tokens} tokens"
    for unit, size in (("G", 10**9), ("M", 10**6), ("k", 10**3)):
        if line.tokens and line.tokens % size == 0:
            return f"~{line.tokens // size}{unit} tokens"
    return f"~{line.tokens} tokens"


def _fitted(start: str, models: Sequence[str], more: int, token: str) -> str:
    """The complete line, with as many models as fit."""
    if not models and not more:
        return f"{start}; -; {token}"
    for shown in range(len(models), -1, -1):
        left = len(models) - shown + more
        names = [*models[:shown], *([f"+{left}"] if left else [])]
        text = f"{start}; {', '.join(names)}; {token}"
        if len(text) <= WIDTH:
            return text
    return f"{start}; +{len(models) + more}; {token}"


def _tokens_line(tokens: Tokens, token: str) -> str:
    counts = [f"{name}={tokens[_CLASSES[name]]}" for name in _IN_LINE]
    text = f"{TOKENS_KEY}: {' '.join(counts)}; {token}"
    if len(text) <= WIDTH:
        return text
    return f"{TOKENS_KEY}: {' '.join(counts[:3])}\n  {' '.join(counts[3:])}; {token}"


def _rank(line: Line) -> tuple[object, ...]:
    classes = line.classes or ()
    about = (line.exact, line.unpriced, line.models, line.more_models)
    # All fields: of two lines that differ anywhere, one must be the larger, whichever was read first.
    return (line.version, line.cost if line.cost is not None else -1, line.tokens, *about, classes)


class _Token(NamedTuple):
    """The id at the end of a line."""

    start: int
    """The offset at which the id begins."""
    id: str
    version: int


def _read_line(text: str, following: Sequence[str], found: MessageLines) -> None:
    whole, token = _joined(text, following)
    if token is None:
        found.foreign += 1
        return
    line = _parsed(whole[: token.start], token) if len(whole) <= MOST_CHARACTERS else None
    if line is None:
        found.damaged.append(_excerpt(whole.strip()))
    else:
        found.lines.append(line)


def _joined(text: str, following: Sequence[str]) -> tuple[str, _Token | None]:
    """A line with its continuations, if it was wrapped before its id, and that id."""
    alone = whole = text.rstrip()
    token = _token(whole)
    used = 0
    for more in following:
        # Under another key begins another trailer: this line has no id.
        if token or len(whole) + len(more) > MOST_CHARACTERS or not more.strip() or _ANY_KEY().match(more):
            break
        before = _BEFORE().match(more)
        rest = more[before.end() if before else 0 :].rstrip()
        glued = f"{whole}{rest}"
        whole = f"{whole} {rest}"
        token = _token(whole)
        if token is None and (token := _token(glued)):  # cut in the middle of a word, as `fold` without -s does
            whole = glued
        used += 1
    if token and used < len(following) and is_rest_of_version(whole, following[used]):
        whole += _BEFORE().sub("", following[used], count=1).rstrip()
        token = _token(whole)
    return (whole, token) if token else (alone, None)


def _token(text: str) -> _Token | None:
    """Parsed from the end, each character once: an id, followed by nothing but punctuation and brackets."""
    end = len(text)
    least = max(0, end - MOST_CHARACTERS)
    while end > least:
        last = text[end - 1]
        if last == "]":
            opened = text.rfind("[", least, end - 1)
            if opened < 0 or text.find("]", opened, end - 1) >= 0:
                return None
            end = opened
        elif last in _BEHIND_TOKEN or last.isspace():
            end -= 1
        else:
            break
    # One more character shows what precedes the longest.
    start = max(0, end - _LONGEST_TOKEN - 1)
    found = _TOKEN().search(text[start:end])
    return found and _Token(start + found.start("id"), found["id"].lower(), int(found["version"] or 1))


def _excerpt(text: str) -> str:
    return text if len(text) <= MOST_CHARACTERS else f"{text[:WIDTH]}… ({len(text):,} characters)"


def _parsed(text: str, token: _Token) -> Line | None:
    fields = [one.strip() for one in text.split(";")]
    if len(fields) < 3:
        return None
    amount, count = _AMOUNT().match(fields[0]), _COUNT().match(fields[1])
    if count is None or (amount is None and fields[0].lower() != "unpriced"):
        return None
    tokens = _scaled(count["whole"], count["part"], _UNITS[(count["unit"] or "").lower()])
    cost = _scaled(amount["whole"], amount["part"], 9) if amount else None
    if tokens > MOST_TOKENS or (cost or 0) > MOST_COST:
        return None
    models, more = _models(fields[2])
    about = amount["about"] if amount else fields[1].startswith(_ABOUT)
    unpriced = not amount or bool(amount["more"])
    return Line(token.id, token.version, cost, unpriced, tokens, models, more, not about)


def _models(text: str) -> tuple[tuple[str, ...], int]:
    names = [one.strip() for one in text.split(",") if one.strip()]
    more = _MORE().match(names[-1]) if names else None
    if more:
        names.pop()
    return tuple(one for one in names if one != "-"), int(more[1]) if more else 0


def _scaled(whole: str, part: str | None, digits: int) -> int:
    """A decimal number times a power of ten, truncated to an integer."""
    return int(whole.replace(",", "")) * 10**digits + int(((part or "") + "0" * digits)[:digits] or "0")


def _read_tokens_line(text: str) -> dict[str, Tokens]:
    """The token classes of a second line, by id and version; empty if it cannot be parsed."""
    token = _token(text)
    if token is None or len(text) > MOST_CHARACTERS:
        return {}
    counts = {name.lower(): int(count) for name, count in _CLASS().findall(text)}
    if not counts or not counts.keys() <= _CLASSES.keys() or max(counts.values()) > MOST_TOKENS:
        return {}
    line = Line(token.id, token.version, None, True, 0)
    return {line.token: Tokens(*(counts.get(one, 0) for one in _CLASSES))}
