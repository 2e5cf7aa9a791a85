"""Paths in a form that SQLite can store. SQLite stores UTF-8; file systems allow any bytes, and Python represents
those that are no UTF-8 as lone surrogates (PEP 383). They are stored as private-use characters, which no path
contains."""

_KEPT = {0xDC80 + byte: 0x10FF00 + byte for byte in range(128)}
_TAKEN = {kept: surrogate for surrogate, kept in _KEPT.items()}


def kept(path: str) -> str:
    """A path in stored form."""
    return path if path.isascii() else path.translate(_KEPT)


def taken(text: str) -> str:
    """A path from its stored form."""
    return text if text.isascii() else text.translate(_TAKEN)
