"""Paths in a form that SQLite can store. SQLite stores UTF-8; file systems allow any bytes, and Python represents
those that are no UTF-8 as lone surrogates (PEP 383). They are stored as private-use characters, which no path
contains."""

_STORED = {0xDC80 + byte: 0x10FF00 + byte for byte in range(128)}
_SURROGATE = {stored: surrogate for surrogate, stored in _STORED.items()}


def to_stored(path: str) -> str:
    """A path in stored form."""
    return path if path.isascii() else path.translate(_STORED)


def from_stored(text: str) -> str:
    """A path from its stored form."""
    return text if text.isascii() else text.translate(_SURROGATE)
