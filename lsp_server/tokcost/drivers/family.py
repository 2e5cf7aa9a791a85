"""Families of models: those of one provider whose names share their first word and the first number.

>>> family_of("claude-opus-4-8")
('claude', '4')
"""

import re

_PLACES = frozenset(["us", "eu", "apac", "global", "jp", "au", "anthropic"])
"""Prefixes of cloud model names that say where a model runs, or who offers it."""
_SIZES = {
    *("opus", "sonnet", "haiku", "fable", "mythos", "pro", "flash", "lite", "mini", "nano", "max", "codex", "code"),
    *("thinking", "reasoning", "reasoner", "non", "chat", "fast", "turbo", "highspeed", "latest", "preview", "exp"),
    *("air", "airx", "flashx", "x", "sol", "luna", "terra", "astra", "terminus"),
}
"""Words that distinguish models of one family. Any other word (image, audio, embedding) means another purpose."""
_NUMBER = re.compile(r"[a-z]?\d[a-z\d]*")


def family_of(model: str) -> tuple[str, str] | None:
    """The family of a model by its name in the price source; `None` if its name shows that it does not answer
    prompts with text."""
    words = [word for word in re.split(r"[-._:/@ ]+", model.lower()) if word]
    while words and words[0] in _PLACES:
        words.pop(0)
    if not words:
        return None
    numbers = [word for word in words[1:] if _NUMBER.fullmatch(word)]
    if any(word not in _SIZES and word not in numbers for word in words[1:]):
        return None
    return words[0], numbers[0] if numbers else ""
