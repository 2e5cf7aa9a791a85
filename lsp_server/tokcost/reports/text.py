"""Small pieces of text: names escaped for a terminal, their width, short model names, times in git's form."""

import re
import unicodedata

_UNSAFE = frozenset({"Cc", "Cf", "Cs", "Co", "Cn", "Zl", "Zp"})


def escape(name: str) -> str:
    """A name from outside, with every character that could move the cursor, change direction or be invisible escaped
    as `\\x1b`."""
    # Python calls every character of the unsafe categories unprintable, so nearly all names take this short way.
    if name.isprintable():
        return name
    return "".join(_escaped(char) if unicodedata.category(char) in _UNSAFE else char for char in name)


def escape_lines(text: str) -> str:
    """A text of several lines, escaped like `escape` does it, with its line ends."""
    return text if text.replace("\n", "").isprintable() else "\n".join(map(escape, text.split("\n")))


def decodable(text: str) -> str:
    """A text as any reader of JSON takes it: bytes that are no UTF-8 stand as `\\xe9`, all else stays as it is.

    >>> decodable("caf\\udce9")
    'caf\\\\xe9'
    """
    if text.isascii():
        return text
    return "".join(_escaped(char) if "\ud800" <= char <= "\udfff" else char for char in text)


def to_copy(name: str) -> str:
    """A name or a path as one word of a command that is shown to be copied into a shell.

    What must not reach a screen as it is stands as bytes in `$'…'`, which POSIX shells turn back into the name.

    >>> to_copy("feat/$(id)")
    "'feat/$(id)'"
    """
    import shlex  # few callers show a command

    if escape(name) == name:
        return shlex.quote(name)
    try:
        data = name.encode("utf-8", "surrogateescape")
    except UnicodeEncodeError:  # a lone surrogate, which is no name of a file or a branch
        data = name.encode("utf-8", "surrogatepass")
    plain = (chr(byte) if chr(byte).isascii() and (chr(byte).isalnum() or chr(byte) in "/._-") else "" for byte in data)
    return "$'" + "".join(char or f"\\x{byte:02x}" for char, byte in zip(plain, data, strict=True)) + "'"


def _escaped(char: str) -> str:
    if "\udc80" <= char <= "\udcff":  # a byte of a name that is no UTF-8, as represented by `os.fsdecode`
        return f"\\x{ord(char) - 0xDC00:02x}"
    return char.encode("unicode_escape", "backslashreplace").decode("ascii")


_FORMULA = ("=", "+", "-", "@", "\uff1d", "\uff0b", "\uff0d", "\uff20")


def cell(text: str) -> str:
    """Text from outside as a CSV cell that no spreadsheet interprets as a formula."""
    safe = escape(text)
    return f"'{safe}" if safe.lstrip().startswith(_FORMULA) else safe


def width(text: str) -> int:
    """Columns of a text on a terminal: two for wide characters, none for combining ones."""
    return len(text) if text.isascii() else sum(_char_width(char) for char in text)


def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in ("W", "F") else 1


def clip(text: str, columns: int) -> str:
    """The text, with its middle replaced by `…` if it is too wide: branch names differ at both ends."""
    if width(text) <= columns:
        return text
    tail = (columns - 1) // 2
    return _fitting(text, columns - 1 - tail) + "…" + _fitting(text[::-1], tail)[::-1]


def shorten(text: str, columns: int) -> str:
    """The beginning of a text, with `…` if it is too wide: sentences begin with their subject."""
    return text if width(text) <= columns else _fitting(text, columns - 1).rstrip() + "…"


def _fitting(text: str, columns: int) -> str:
    """The longest beginning that fits."""
    used = 0
    for index, char in enumerate(text):
        used += _char_width(char)
        if used > columns:
            return text[:index]
    return text


def pad(text: str, columns: int, right: bool = False) -> str:
    """The text padded with spaces: after it, or before it if aligned to the right."""
    space = " " * (columns - width(text))
    return space + text if right else text + space


_DATE_SUFFIX = re.compile(r"[-@](?:\d{8}|\d{4}-\d{2}-\d{2})(?=$|[-:])")


def short_model(model: str) -> str:
    """A model without what does not tell it apart: provider path, date, `claude-`.

    >>> short_model("us.anthropic/claude-opus-4-5-20251101")
    'opus-4-5'
    """
    name = _DATE_SUFFIX.sub("", model.rsplit("/", 1)[-1]).removeprefix("claude-")
    return escape(name or model)


def few(names: list[str], most: int) -> str:
    """The first names, each once, and the number of the others: `opus-4-5, haiku-4-5 +2`."""
    distinct = list(dict.fromkeys(names))
    more = f" +{len(distinct) - most}" if len(distinct) > most else ""
    return ", ".join(distinct[:most]) + more


def evidence_word(kind: str) -> str:
    """A kind of evidence as screens name it. The stored word `carried` would have two meanings there: commits carry
    claims."""
    return "followed" if kind == "carried" else kind


def counted(count: int, noun: str, plural: str = "") -> str:
    """A count and its noun: `1 response`, `1,200 responses`."""
    return f"{count:,} {noun if count == 1 else plural or noun + 's'}"


def megabytes(size: int) -> str:
    """A number of bytes in megabytes: `12.4 MB`, `<0.1 MB` for a small number, `0 MB` for zero."""
    if not size:
        return "0 MB"
    return f"{size / 1e6:,.1f} MB" if size >= 50_000 else "<0.1 MB"


_AGES = ((90, 1, "second"), (90 * 60, 60, "minute"), (36 * 3600, 3600, "hour"), (14 * 86400, 86400, "day"),
         (70 * 86400, 7 * 86400, "week"), (365 * 86400, 30 * 86400, "month"))  # fmt: skip


def ago(then_ms: int, now_ms: int) -> str:
    """The time since a moment, in the words and with the limits of git's `--date=relative`; `in the future` if it is
    not past."""
    seconds = (now_ms - then_ms) // 1000
    if seconds < 0:
        return "in the future"
    for limit, unit, noun in _AGES:
        if seconds < limit:
            return f"{counted((seconds + unit // 2) // unit, noun)} ago"
    years, months = divmod((seconds + 15 * 86400) * 12 // (365 * 86400), 12)
    return f"{counted(years, 'year')}{', ' + counted(months, 'month') if months and years < 5 else ''} ago"
