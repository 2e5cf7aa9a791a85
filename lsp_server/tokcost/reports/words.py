"""Texts that can be said in another language: each is its own key, in English, with `{0}` for what is put in.

What commands and hooks print is English; only texts for editors are asked for in this way.
"""

import re
from collections.abc import Sequence
from typing import Protocol

PLACE = re.compile(r"\{(\d+)\}")
"""A place in a text for a value."""


class Say(Protocol):
    """A text in the language of the person, with values put in."""

    def __call__(self, text: str, /, *values: object) -> str:
        """The text; a place without a value stays as it is."""
        ...


def english(text: str, /, *values: object) -> str:
    """The text as it is, with values put in."""
    return filled(text, values)


def filled(text: str, values: Sequence[object]) -> str:
    """A text with its values in their places."""
    if not values:
        return text
    return PLACE.sub(lambda found: str(values[int(found[1])]) if int(found[1]) < len(values) else found[0], text)
