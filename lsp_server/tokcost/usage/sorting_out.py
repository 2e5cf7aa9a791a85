"""Compares what was read with the ledger: new responses, changed ones, copies."""

from collections.abc import Iterable, Mapping

from tokcost.ledger.rows import Stored
from tokcost.model.usage import Usage, find_key, merge


def sort_out(
    usage: Iterable[tuple[Usage, int]], stored: Mapping[str, Stored]
) -> tuple[list[tuple[Usage, int]], list[tuple[Stored, Usage]], set[tuple[str, str]]]:
    """Divide the usage read into new usage (with its first source), changes of rows, and sessions with copies
    (session, key of the original). `stored` has the rows of all keys that can occur. Records of one response are
    merged in the order given."""
    known = {key: one.entry.usage for key, one in stored.items()}
    sources: dict[str, int] = {}
    copies: set[tuple[str, str]] = set()
    for one, source in usage:
        key = one.key
        if key not in known:  # as `find_key` would say: nearly all are new
            known[key] = one
            sources[key] = source
            continue
        key = find_key(known, one)
        before = known.get(key)
        if before is None:
            known[key] = one if key == one.key else one._replace(key=key)
            sources[key] = source
            continue
        known[key] = merge(before, one)._replace(key=key)
        if before.session != one.session:
            copies.update((name, key) for name in (before.session, one.session))
    new = [(known[key], source) for key, source in sources.items()]
    # `final` is not recorded, so it must not make a row look changed.
    found = ((one, known[key]._replace(final=False)) for key, one in stored.items())
    return new, [(one, now) for one, now in found if now != one.entry.usage], copies
