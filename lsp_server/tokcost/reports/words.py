"""Translatable texts: each is its own key, in English, with `{0}` for an inserted value.

Commands and hooks print English; only texts for editors are requested in this way.
"""

import re
from collections.abc import Sequence
from typing import Protocol

PLACE = re.compile(r"\{(\d+)\}")
"""A placeholder for a value."""


class Say(Protocol):
    """A function that returns a text in the user's language, with values inserted."""

    def __call__(self, text: str, /, *values: object) -> str:
        """The text; a placeholder without a value stays unchanged."""
        ...


def english(text: str, /, *values: object) -> str:
    """The English text, with values inserted."""
    return filled(text, values)


def filled(text: str, values: Sequence[object]) -> str:
    """A text with values in place of its placeholders."""
    if not values:
        return text
    # Not `str.format`, which raises for a stray brace in a translation.
    return PLACE.sub(lambda found: str(values[int(found[1])]) if int(found[1]) < len(values) else found[0], text)
