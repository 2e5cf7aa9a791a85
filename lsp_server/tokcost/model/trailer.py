"""The line a commit message carries: its grammar, written and read.

    AI-Cost: ~2 USD list; ~1M tokens; claude-opus-4-5, gpt-5.1-codex; 7k3qf9x2m4tc

What is written is strict. What is read is tolerant: forges indent, quote, bullet and wrap messages, people retype them.
A line without an id of ours is somebody else's (`foreign`); with one whose rest cannot be understood it is `damaged`.
"""

import re
from collections.abc import Iterable, Sequence
from typing import NamedTuple

from tokcost.model.money import NANO_PER_USD
from tokcost.model.usage import Tokens

KEY = "AI-Cost"
TOKENS_KEY = "AI-Tokens"
WIDTH = 100
"""Columns a line may fill: commitlint's usual limit."""
ID_ALPHABET = "0123456789abcdefghjkmnpqrstvwxyz"
"""Crockford's base32, lower case: no letter that reads as another."""
ID_LENGTH = 12


class Line(NamedTuple):
    """One version of one claim, as published."""

    id: str
    version: int
    cost: int | None
    """List price in nano-dollars; `None` when no model in it has a known price."""
    unpriced: bool
    """Whether it contains usage without a known price, which `cost` leaves out."""
    tokens: int
    """All classes together."""
    models: tuple[str, ...] = ()
    """Most expensive first; empty when the developer hides them."""
    more_models: int = 0
    """How many models the line had no room for."""
    exact: bool = False
    classes: Tokens | None = None
    """Tokens by class (reasoning unknown), where the second line says them."""

    @property
    def token(self) -> str:
        """Id and version as they are written: `7k3qf9x2m4tc`, `7k3qf9x2m4tc.2`."""
        return self.id if self.version == 1 else f"{self.id}.{self.version}"


class Found:
    """What a message carries."""

    def __init__(self) -> None:
        self.lines: list[Line] = []
        """In the order of the message; copies are kept."""
        self.foreign = 0
        """Lines with our key and no id of ours."""
        self.damaged: list[str] = []
        """Lines with an id whose rest cannot be understood."""


def format_line(line: Line) -> str:
    """The line as a message carries it, with its second line where it is exact and the classes are known."""
    text = _fitted(f"{KEY}: {_amount(line)}; {_tokens(line)}", line.models, line.more_models, line.token)
    if line.exact and line.classes is not None:
        text += f"\n{_tokens_line(line.classes, line.token)}"
    return text


def public_name(model: str) -> str:
    """A model's name without what is nobody's business: what comes before the last slash (a folder, a provider, an
    account), the whole of an `arn:` without one, and characters that would break the line."""
    name = model.rpartition("/")[2]
    if name.startswith("arn:"):
        name = ""
    return _NOT_IN_NAMES.sub("-", name).strip("-") or "other"


def read_message(message: str) -> Found:
    """Every line of ours anywhere in a message: indented, quoted, bulleted, in its middle, wrapped."""
    found = Found()
    if KEY.lower() not in message.lower():
        return found
    texts = message.splitlines()
    classes: dict[str, Tokens] = {}
    for number, text in enumerate(texts):
        if start := _TOKENS_START.match(text):
            token, tokens = _read_tokens_line(_joined(start[1], texts[number + 1 : number + 3]))
            if token and tokens:
                classes[token] = tokens
        elif start := _START.match(text):
            _read_line(start[1], texts[number + 1 : number + 4], found)
    found.lines = [line._replace(classes=classes.get(line.token)) for line in found.lines]
    return found


def highest(lines: Iterable[Line]) -> dict[str, Line]:
    """The join: for each id its highest version. Where one version was edited by hand into two amounts, the larger
    one counts, so that the order of reading never matters."""
    kept: dict[str, Line] = {}
    for line in lines:
        other = kept.get(line.id)
        if other is None or _rank(line) > _rank(other):
            kept[line.id] = line
    return kept


def carries_line(text: str) -> bool:
    """Whether a single line of text begins a line of ours, whatever is in front of it."""
    return bool(_START.match(text) or _TOKENS_START.match(text))


def is_second_line(text: str) -> bool:
    """Whether a single line of text begins the second line of an exact one."""
    return bool(_TOKENS_START.match(text))


_PREFIX = r"[\s>*+|-]*(?:Summary:\s*)?"
"""Phabricator puts its label in front of a body of one line."""
_START = re.compile(rf"{_PREFIX}{KEY}\s*:\s*(.*)$", re.IGNORECASE)
_TOKENS_START = re.compile(rf"{_PREFIX}{TOKENS_KEY}\s*:\s*(.*)$", re.IGNORECASE)
_ID = rf"[{ID_ALPHABET}]{{{ID_LENGTH}}}"
_TOKEN = re.compile(rf"(?<![\w.-])({_ID})(?:\.([1-9][0-9]{{0,8}}))?(?=(?:\[[^\[\]]*\]|[\s.,;*_`)])*$)", re.IGNORECASE)
_AMOUNT = re.compile(
    r"(?P<about>~)?\s*(?P<whole>\d[\d,]*)(?:\.(?P<part>\d{1,9}))?\s*USD(?:\s+list)?(?P<more>\s*\+\s*unpriced)?$",
    re.IGNORECASE,
)
_COUNT = re.compile(r"~?\s*(?P<whole>\d[\d,]*)(?:\.(?P<part>\d{1,9}))?\s*(?P<unit>[kMG])?\s*tokens?$", re.IGNORECASE)
_CLASS = re.compile(r"([a-z0-9-]+)\s*=\s*(\d+)", re.IGNORECASE)
_MORE = re.compile(r"\+(\d+)$")
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._:@\[\]-]+")
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
    """The whole line, with as many models as there is room for."""
    if not models:
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
    return (line.version, line.cost if line.cost is not None else -1, line.tokens, *about, classes)


def _read_line(text: str, following: Sequence[str], found: Found) -> None:
    whole = _joined(text, following)
    token = _TOKEN.search(whole)
    if token is None:
        found.foreign += 1
        return
    line = _parsed(whole[: token.start()], token[1].lower(), int(token[2] or 1))
    if line is None:
        found.damaged.append(whole.strip())
    else:
        found.lines.append(line)


def _joined(text: str, following: Sequence[str]) -> str:
    """A line, together with the next ones when something wrapped it before its id."""
    whole = text.rstrip()
    for more in following:
        if _TOKEN.search(whole) or not more.strip() or _ANY_KEY.match(more):
            break
        whole = f"{whole} {re.sub(rf'^{_PREFIX}', '', more).rstrip()}"
    return whole if _TOKEN.search(whole) else text.rstrip()


_ANY_KEY = re.compile(rf"{_PREFIX}[A-Za-z][A-Za-z0-9-]*:\s")


def _parsed(text: str, name: str, version: int) -> Line | None:
    fields = [one.strip() for one in text.split(";")]
    if len(fields) < 3:
        return None
    amount, count = _AMOUNT.match(fields[0]), _COUNT.match(fields[1])
    if count is None or (amount is None and fields[0].lower() != "unpriced"):
        return None
    models, more = _models(fields[2])
    tokens = _scaled(count["whole"], count["part"], _UNITS[(count["unit"] or "").lower()])
    if amount is None:
        return Line(name, version, None, True, tokens, models, more, not fields[1].startswith("~"))
    cost = _scaled(amount["whole"], amount["part"], 9)
    return Line(name, version, cost, bool(amount["more"]), tokens, models, more, not amount["about"])


def _models(text: str) -> tuple[tuple[str, ...], int]:
    names = [one.strip() for one in text.split(",") if one.strip()]
    more = _MORE.match(names[-1]) if names else None
    if more:
        names.pop()
    return tuple(one for one in names if one != "-"), int(more[1]) if more else 0


def _scaled(whole: str, part: str | None, digits: int) -> int:
    """A decimal number times a power of ten, cut to an integer."""
    return int(whole.replace(",", "")) * 10**digits + int(((part or "") + "0" * digits)[:digits] or "0")


def _read_tokens_line(text: str) -> tuple[str, Tokens | None]:
    token = _TOKEN.search(text)
    counts = {name.lower(): int(count) for name, count in _CLASS.findall(text)}
    if token is None or not counts.keys() <= _CLASSES.keys() or not counts:
        return "", None
    name = token[1].lower() if int(token[2] or 1) == 1 else f"{token[1].lower()}.{token[2]}"
    return name, Tokens(*(counts.get(one, 0) for one in _CLASSES))
