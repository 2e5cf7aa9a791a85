"""Abbreviated session ids: an unambiguous beginning, as git does with commits.

A session id is local: it is shown on this machine, and is in nothing that is published.
"""

from collections.abc import Iterable
from itertools import pairwise

from tokcost.errors import UsageError

_LEAST = 8
"""Characters. Ids that begin with a time (UUID version 7) share this many if they are created within a minute."""


def abbreviated(names: Iterable[str]) -> dict[str, str]:
    """For each id the shortest unambiguous beginning of at least eight characters; the complete id if it is the
    beginning of another one."""
    order = sorted(set(names))
    shared = [0, *(_in_common(one, other) for one, other in pairwise(order)), 0]
    return {name: name[: max(_LEAST, shared[at] + 1, shared[at + 1] + 1)] for at, name in enumerate(order)}


def session_meant(names: Iterable[str], beginning: str) -> str | None:
    """The session that the beginning of an id names; an exact id takes precedence over longer ones. `None` if there
    is none. Raises `UsageError` if there are several."""
    found = sorted(set(names))
    if beginning in found or len(found) < 2:
        return beginning if beginning in found else next(iter(found), None)
    listed = ", ".join(found[:_MOST_NAMED]) + (", ..." if len(found) > _MOST_NAMED else "")
    raise UsageError(f"{len(found)} sessions begin with {beginning}: {listed}", "Give more characters of the id.")


_MOST_NAMED = 5


def _in_common(one: str, other: str) -> int:
    return next((at for at, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other)))
