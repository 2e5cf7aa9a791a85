"""Other people's text inside Markdown: shown literally, in a comment on a forge as in an editor's hover."""

import re

from tokcost.reports.text import escape

_SPECIAL = re.compile(r"([\\`*_{}\[\]<>|~])")
_LINKS = re.compile(r"[@#!]|(?<=:)//|(?<=www)\.|(?<=GH)-", re.IGNORECASE)
"""Texts that forges and editors turn into a link, a picture or a mention without further marks."""
_NOTHING = "&#8203;"
"""A zero-width space. Forges look for mentions in the rendered text, where `&#64;all` is `@all` again."""


def safe(text: str) -> str:
    """No markup, no picture, no address that becomes a link, no mention that notifies someone or closes an issue."""
    # The ampersand first: entities are added below, whose own ampersands must stay.
    plain = _SPECIAL.sub(r"\\\1", escape(text).replace("&", "&amp;"))
    return _LINKS.sub(lambda found: "".join(f"&#{ord(char)};" for char in found[0]) + _NOTHING, plain)
