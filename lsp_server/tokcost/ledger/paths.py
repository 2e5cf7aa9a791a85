"""Paths as SQLite can keep them. It stores UTF-8 alone; a file system knows any bytes, and Python holds those that are
no UTF-8 as lone surrogates (PEP 383). They are kept as private-use characters, which no path has."""

_KEPT = {0xDC80 + byte: 0x10FF00 + byte for byte in range(128)}
_TAKEN = {kept: surrogate for surrogate, kept in _KEPT.items()}


def kept(path: str) -> str:
    """A path as it is stored."""
    return path if path.isascii() else path.translate(_KEPT)


def taken(text: str) -> str:
    """A stored path as it is used."""
    return text if text.isascii() else text.translate(_TAKEN)
