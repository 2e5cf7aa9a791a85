"""Text of others inside Markdown: shown as it is, in a comment of a forge as in an editor's hover."""

import re

from tokcost.reports.text import escape

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~])")
_LINKS = re.compile(r"[@#!]|(?<=:)//|(?<=www)\.|(?<=GH)-", re.IGNORECASE)
"""The texts that forges and editors make a link, a picture or a mention of without further marks."""
_NOTHING = "&#8203;"
"""A space without width. Forges look for mentions in the text as it comes out, where `&#64;all` is `@all` again."""


def safe(text: str) -> str:
    """No markup, no picture, no address that is a link, no mention that sends someone a mail or closes an issue."""
    plain = _SPECIAL.sub(r"\\\1", escape(text).replace("&", "&amp;"))
    return _LINKS.sub(lambda found: "".join(f"&#{ord(char)};" for char in found[0]) + _NOTHING, plain)
