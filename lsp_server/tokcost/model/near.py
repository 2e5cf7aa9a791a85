"""Suggestions for an unknown name: the known name that is most similar."""

from collections.abc import Iterable


def near_name(name: str, known: Iterable[str]) -> str:
    """The known name that is most similar to this one, ignoring case; empty if none is similar."""
    from difflib import get_close_matches  # only a mistake has to wait for this import

    by_low = {one.lower(): one for one in known}
    found = get_close_matches(name.lower(), by_low, 1)
    return by_low[found[0]] if found else ""


def did_you_mean(name: str, known: Iterable[str]) -> str:
    """`; did you mean precision?`, or nothing."""
    near = near_name(name, known)
    return f"; did you mean {near}?" if near else ""
