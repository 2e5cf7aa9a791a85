"""Halves of characters in JSON.

JavaScript counts a character beyond the first 65,536 as two, and a text that is cut off between them ends in one half
of it. That is written as an escape which stands for no character (a lone surrogate): JSON's grammar allows it, decoders
refuse it with everything around it.
"""

import re

_BEGINS = (b"\\ud", b"\\uD")
_ESCAPE = re.compile(
    rb"(?<!\\)(?:\\\\)*+\\u(?:[dD][89abAB][0-9a-fA-F]{2}\\u[dD][c-fC-F][0-9a-fA-F]{2}|([dD][89a-fA-F][0-9a-fA-F]{2}))"
)
"""Both halves of a character, or one alone (the group). A backslash that is escaped itself begins none. Possessive,
for linear time."""
_UNKNOWN = b"fffd"


def with_whole_characters(raw: bytes | bytearray) -> bytes | bytearray:
    """JSON with U+FFFD for each half of a character in `raw`; `raw` itself if it has none."""
    # Most logs have no such escape, and a search for bytes tells that without the pattern.
    if not any(one in raw for one in _BEGINS):
        return raw
    halves = [match.start(1) for match in _ESCAPE.finditer(raw) if match[1]]
    if not halves:
        return raw
    whole = bytearray(raw)
    for at in halves:
        whole[at : at + len(_UNKNOWN)] = _UNKNOWN
    return whole
