"""The name under which a model is published in commits: a public name, never a private one.

A name in a log can reveal an organisation: that of a fine-tuned model (`ft:gpt-4o:my-org:…`), of a deployment, of a
profile in a cloud account, of a file. The name itself does not show which part of it is public, but the model that the
price source recognised does. Imports nothing of ours, because hooks need it.

A date in a name (`claude-opus-4-5-20251101`) is left out if the price source has one model under that name whatever the
date, so that a line usually fits into 72 columns. It stays if another date has another price.
"""

import re

OTHER = "other"
"""Every model that is not in the price source."""

_TUNED = "ft:"
_TUNABLE = ("gpt-3.5-turbo", "gpt-4o-mini", "gpt-4o", "gpt-4.1-mini", "gpt-4.1-nano", "gpt-4.1", "gpt-4", "o4-mini")
"""Models that can be fine-tuned, longer names first: the source has no price for most of them when tuned."""
_WORDS = frozenset(
    [
        "anthropic",
        "codex",
        "exp",
        "experimental",
        "fast",
        "flash",
        "free",
        "haiku",
        "high",
        "instruct",
        "it",
        "lite",
        "low",
        "max",
        "medium",
        "mini",
        "minimal",
        "nano",
        "none",
        "opus",
        "preview",
        "pro",
        "sonnet",
        "spark",
        "thinking",
        "turbo",
        "xhigh",
    ]
)
"""The suffixes that labs and assistants append to the name of a model."""
_DAY = re.compile(r"[-@](?:20\d{6}|20\d{2}-\d{2}-\d{2})(?=$|[-:[])")
_DAYS_APART = ("gpt-4o-2024-05-13", "o3-2025-04-16", "qwen-plus-2025-07-28", "qwen3.5-plus-20260420")
"""Models that differ from others of the same name in the price source by their date; a test compares."""
_BETWEEN = str.maketrans(dict.fromkeys("-._:@[]", " "))


def public_name(model: str, source: str) -> str:
    """The name to publish of a model as logged, which the price source took for `source` (`openai/gpt-5`; empty: for
    nothing).

    The logged name stays, without its day, where it adds nothing to the source's but that or words that labs append.
    Else it is the source's own.

    >>> public_name("gpt-5-codex", "openai/gpt-5")
    'gpt-5-codex'
    >>> public_name("claude-opus-4-5-20251101", "anthropic/claude-opus-4-5")
    'claude-opus-4-5'
    >>> public_name("gpt-4o-2024-05-13", "openai/gpt-4o-2024-05-13")
    'gpt-4o-2024-05-13'
    >>> public_name("ft:gpt-4o-mini-2024-07-18:my-org::abc", "openai/ft:gpt-4o-mini")
    'ft:gpt-4o-mini'
    >>> public_name("my-company-llama", "")
    'other'
    """
    name = model.rpartition("/")[2]
    if name.lower().startswith(_TUNED):
        # The source knows a tuned model only by its base, and everything after the base is the owner's.
        return _tuned(name.lower().removeprefix(_TUNED))
    known = source.rpartition("/")[2]
    if not known:
        return OTHER
    own = set(_pieces(known))
    # One part that neither the source nor a lab is known to use may name a customer: then nothing of the name is shown.
    if not all(piece in own or _says_nothing(piece) for piece in _pieces(name)):
        return known
    # A date in the source's own name means that it has other models under the undated one.
    return name if _DAY.search(known) else _DAY.sub("", name)


def model_of_line(name: str) -> str:
    """The model named by a line, whether or not the line still includes the date, as text that can be stored: whoever
    wrote the message may have put any bytes there."""
    name = name.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
    return name if name.startswith(_DAYS_APART) else _DAY.sub("", name)


def _tuned(name: str) -> str:
    """`ft:` and the model that was tuned, without its owner."""
    base = name.partition(":")[0]
    found = (one for one in _TUNABLE if base == one or base.startswith(f"{one}-"))
    return next((f"{_TUNED}{one}" for one in found), OTHER)


def _pieces(name: str) -> list[str]:
    return name.lower().translate(_BETWEEN).split()


def _says_nothing(piece: str) -> bool:
    """Whether a part of a name is a word of labs, a small number, a size, or a date."""
    if piece in _WORDS:
        return True
    digits = piece.removeprefix("v").removesuffix("m")
    if not (digits.isascii() and digits.isdigit()):
        return False
    # A longer number may be that of an account or a deployment.
    return len(digits) <= 2 or (piece == digits and len(piece) in (4, 8) and _is_day(piece))


def _is_day(digits: str) -> bool:
    """`20251101`, or one part of `2025-11-01`: a year, or month and day (`0613`)."""
    if len(digits) == 8:
        return digits.startswith("20") and _is_day(digits[4:])
    return digits.startswith("20") or ("01" <= digits[:2] <= "12" and "01" <= digits[2:] <= "31")
