"""Repositories, worktrees and working directories of usage, remembered after they are gone."""

from typing import TYPE_CHECKING, NamedTuple

from tokcost.ledger.dimensions import Dimensions
from tokcost.ledger.open import Ledger
from tokcost.ledger.paths import from_stored, to_stored
from tokcost.ledger.rollup import KEY, Rollup
from tokcost.ledger.rows import SELECTED, Stored, SumKey, from_row
from tokcost.model.place import BranchPlace

if TYPE_CHECKING:
    from tokcost.model.selection import Selection


class KnownWorktree(NamedTuple):
    """A worktree in the ledger."""

    id: int
    repository: int
    path: str
    git_dir: str
    stamp: str
    """The stamp of its HEAD reflog when its usage was last placed."""
    placed_second: int
    """Time of the newest reflog entry at that moment, in seconds UTC."""
    origin_path: str
    origin_branch: str


class KnownRepository(NamedTuple):
    """A repository (one clone with all its worktrees) in the ledger."""

    id: int
    common_dir: str
    root: str
    fingerprint: str


_ASIDE = " (moved away "
"""Separates the old path of a moved clone from the number of its row."""

_MOVED = "SET git_dir = :new || substr(git_dir, length(:old) + 1)"
# Its own git folder and those of its linked worktrees; the clones of its submodules move by themselves. "0" comes after
# "/". Not LIKE, to which `%` and `_` in a path would be wildcards.
_OF_CLONE = ("git_dir = :old", "git_dir > :old || '/worktrees/' AND git_dir < :old || '/worktrees0'")
_WORKTREE = (
    "SELECT id, repository, path, ifnull(git_dir, ''), ifnull(stamp, ''), ifnull(placed_second, 0),"
    " ifnull(origin_path, ''), ifnull(origin_branch, '') FROM worktree"
)
_REPOSITORY = "SELECT id, common_dir, root, ifnull(fingerprint, '') FROM repository"


def repositories(ledger: Ledger) -> list[KnownRepository]:
    """All repositories."""
    rows = ledger.db.execute(f"{_REPOSITORY} ORDER BY id")
    return [
        KnownRepository(number, from_stored(common), from_stored(root), mark) for number, common, root, mark in rows
    ]


def branches_seen(ledger: Ledger, repository: int) -> list[str]:
    """All branches of a repository that ever had usage."""
    query = "SELECT DISTINCT branch FROM place WHERE repository = ? AND branch IS NOT NULL"
    return [row[0] for row in ledger.db.execute(query, (repository,))]


def worktrees(ledger: Ledger) -> list[KnownWorktree]:
    """All worktrees."""
    found = [KnownWorktree(*row) for row in ledger.db.execute(f"{_WORKTREE} ORDER BY id")]
    return [
        one._replace(
            path=from_stored(one.path), git_dir=from_stored(one.git_dir), origin_path=from_stored(one.origin_path)
        )
        for one in found
    ]


def record_repository(ledger: Ledger, common_dir: str, root: str, fingerprint: str) -> int:
    """Row id of a repository, created or updated."""
    ledger.db.execute(
        "INSERT INTO repository (common_dir, root, fingerprint) VALUES (?, ?, nullif(?, '')) ON CONFLICT (common_dir)"
        " DO UPDATE SET root = excluded.root, fingerprint = excluded.fingerprint",
        (to_stored(common_dir), to_stored(root), fingerprint),
    )
    return ledger.db.execute("SELECT id FROM repository WHERE common_dir = ?", (to_stored(common_dir),)).fetchone()[0]


def record_fingerprint(ledger: Ledger, repository: int, fingerprint: str) -> None:
    """Record how a clone is recognised from now on."""
    ledger.db.execute("UPDATE repository SET fingerprint = ? WHERE id = ?", (fingerprint, repository))


def move_repository(ledger: Ledger, repository: int, common_dir: str, root: str) -> None:
    """Record that a clone was found under another path, and with it the git folders of its worktrees and what the
    server observed there."""
    (old,) = ledger.db.execute("SELECT common_dir FROM repository WHERE id = ?", (repository,)).fetchone()
    values = {"old": old, "new": to_stored(common_dir), "repository": repository}
    ledger.db.execute(f"UPDATE worktree {_MOVED} WHERE repository = :repository AND ({' OR '.join(_OF_CLONE)})", values)
    rename_git_dirs(ledger, from_stored(old), common_dir)
    ledger.db.execute(
        "UPDATE repository SET common_dir = ?, root = ? WHERE id = ?",
        (to_stored(common_dir), to_stored(root), repository),
    )


def rename_git_dirs(ledger: Ledger, old: str, new: str, since_ms: int = 0) -> None:
    """Have what a server observed since a moment in one clone, and in its worktrees, be of another path."""
    values = {"old": to_stored(old), "new": to_stored(new), "since_ms": since_ms}
    for is_of_clone in _OF_CLONE:
        # OR REPLACE: the server may have observed the clone in its new place already.
        ledger.db.execute(
            f"UPDATE OR REPLACE observation {_MOVED} WHERE {is_of_clone} AND first_ms >= :since_ms", values
        )


def step_aside(ledger: Ledger, one: KnownRepository) -> None:
    """Store a clone under a path that no folder has: another clone is in its place, and it may be anywhere."""
    aside = f"{_ASIDE}{one.id})"
    move_repository(ledger, one.id, f"{one.common_dir}{aside}", f"{one.root}{aside}")


def is_aside(one: KnownRepository) -> bool:
    """Whether a clone is stored under such a path (`step_aside`)."""
    return one.common_dir.endswith(f"{_ASIDE}{one.id})")


def former_path(one: KnownWorktree) -> str:
    """The path of a worktree until one of another clone took it (`record_worktree`); empty if none did."""
    aside = f"{_ASIDE}{one.id})"
    return one.path.removesuffix(aside) if one.path.endswith(aside) else ""


def last_seen(one: KnownRepository) -> KnownRepository:
    """A clone with the paths under which it was last seen: another one may be there by now (`is_aside`)."""
    mark = f"{_ASIDE}{one.id})"
    return one._replace(common_dir=one.common_dir.removesuffix(mark), root=one.root.removesuffix(mark))


def shown_path(one: KnownRepository) -> str:
    """The path of a clone for a person to read."""
    return f"{last_seen(one).root} (replaced by another repository)" if is_aside(one) else one.root


def record_worktree(ledger: Ledger, repository: int, path: str, git_dir: str) -> int:
    """Row id of a worktree, created or updated; `git_dir` is empty if it was gone before it was found. A worktree of
    another repository that was at this path keeps its usage under another path."""
    ledger.db.execute(
        "UPDATE worktree SET path = path || ? || id || ')' WHERE path = ? AND repository != ?",
        (_ASIDE, to_stored(path), repository),
    )
    ledger.db.execute(
        # The stamp describes the reflog in one git folder: with another folder, usage has to be placed again.
        "INSERT INTO worktree (repository, path, git_dir) VALUES (?, ?, nullif(?, '')) ON CONFLICT (path) DO UPDATE SET"
        " stamp = iif(repository = excluded.repository AND git_dir IS excluded.git_dir, stamp, NULL),"
        " repository = excluded.repository, git_dir = excluded.git_dir",
        (repository, to_stored(path), to_stored(git_dir)),
    )
    return ledger.db.execute("SELECT id FROM worktree WHERE path = ?", (to_stored(path),)).fetchone()[0]


def record_origin(ledger: Ledger, worktree: int, origin_path: str, origin_branch: str) -> None:
    """Record that an assistant created a worktree for itself, and its origin."""
    ledger.db.execute(
        "UPDATE worktree SET origin_path = nullif(?, ''), origin_branch = nullif(?, '') WHERE id = ?",
        (to_stored(origin_path), origin_branch, worktree),
    )


def note_placed(ledger: Ledger, worktree: int, stamp: str, second: int) -> None:
    """Record the state of the reflog by which a worktree's usage was placed."""
    query = "UPDATE worktree SET stamp = nullif(?, ''), placed_second = nullif(?, 0) WHERE id = ?"
    ledger.db.execute(query, (stamp, second, worktree))


def directories_without_worktree(ledger: Ledger) -> list[str]:
    """Working directories of usage that were in no repository when they were last checked."""
    query = "SELECT path FROM directory WHERE worktree IS NULL AND path != '' ORDER BY path"
    return [from_stored(row[0]) for row in ledger.db.execute(query)]


def bind_directory(ledger: Ledger, path: str, worktree: int) -> None:
    """Record that a working directory is in a worktree; this outlives the folder."""
    ledger.db.execute(
        "INSERT INTO directory (path, worktree) VALUES (?, ?) ON CONFLICT (path) DO UPDATE SET"
        " worktree = excluded.worktree",
        (to_stored(path), worktree),
    )


def rebind_directories(ledger: Ledger, old: int, new: int) -> None:
    """Record that the working directories in one worktree are in another one, which is in its place."""
    ledger.db.execute("UPDATE directory SET worktree = ? WHERE worktree = ?", (new, old))


def unbind_directory(ledger: Ledger, path: str) -> None:
    """Forget the worktree of a working directory that was not found. Usage that was placed there stays."""
    ledger.db.execute("UPDATE directory SET worktree = NULL WHERE path = ?", (to_stored(path),))


def bound_directories(ledger: Ledger) -> dict[str, int]:
    """Maps all known working directories to worktrees."""
    query = "SELECT path, worktree FROM directory WHERE worktree IS NOT NULL"
    return {from_stored(path): worktree for path, worktree in ledger.db.execute(query)}


def usage_in_directory(ledger: Ledger, path: str) -> list[Stored]:
    """The usage of one working directory that is in no worktree."""
    # By place, since usage is not indexed by directory.
    query = f"{SELECTED} WHERE place_id IN (SELECT id FROM place WHERE worktree IS NULL) AND directory = ?"
    return [from_row(row) for row in ledger.db.execute(query, (to_stored(path),))]


def usage_in_worktree(ledger: Ledger, worktree: int, since_ms: int) -> list[Stored]:
    """Usage of a worktree from a moment on."""
    query = f"{SELECTED} WHERE place_id IN (SELECT id FROM place WHERE worktree = ?) AND time_ms >= ?"
    return [from_row(row) for row in ledger.db.execute(query, (worktree, since_ms))]


class KnownPlace(NamedTuple):
    """A place of usage in a worktree."""

    id: int
    repository: int
    place: BranchPlace


def places_in(ledger: Ledger, worktree: int) -> list[KnownPlace]:
    """Every place in a worktree that ever had usage."""
    query = "SELECT id, repository, branch, evidence FROM place WHERE worktree = ? ORDER BY id"
    rows = ledger.db.execute(query, (worktree,))
    return [KnownPlace(number, repository, BranchPlace(*place)) for number, repository, *place in rows]


def first_time(ledger: Ledger, place: int, since_ms: int) -> int | None:
    """The time of the first usage of a place from a moment on; one index lookup."""
    query = "SELECT min(time_ms) FROM usage INDEXED BY usage_place WHERE place = ? AND time_ms >= ?"
    return ledger.db.execute(query, (place, since_ms)).fetchone()[0]


def usage_between(ledger: Ledger, place: int, since_ms: int, until_ms: int) -> list[Stored]:
    """Usage of a place from one moment to another (excluded)."""
    query = f"{SELECTED} WHERE place_id = ? AND time_ms >= ? AND time_ms < ?"
    return [from_row(row) for row in ledger.db.execute(query, (place, since_ms, until_ms))]


def rename_place(ledger: Ledger, known: KnownPlace, worktree: int, branch: str, before_ms: int, rollup: Rollup) -> None:
    """Record that the branch of a place was renamed at a moment, in the caller's transaction.

    Earlier usage moves along. If that is all usage of the place, and the new name has none yet, no row of usage is
    written.
    """
    newest = ledger.db.execute("SELECT max(time_ms) FROM usage WHERE place = ?", (known.id,)).fetchone()[0]
    if newest is None:
        return
    other = Dimensions(ledger).place(known.repository, worktree, branch, known.place.evidence)
    if newest < before_ms and first_time(ledger, other, 0) is None:
        # The unique index of places has no room for two of the same name; this one has no usage.
        ledger.db.execute("DELETE FROM rollup WHERE place = ?", (other,))
        ledger.db.execute("DELETE FROM place WHERE id = ?", (other,))
        ledger.db.execute("UPDATE place SET branch = ? WHERE id = ?", (branch, known.id))
        return
    groups = [SumKey(*row) for row in ledger.db.execute(f"SELECT {KEY} FROM rollup WHERE place = ?", (known.id,))]
    ledger.db.execute("UPDATE usage SET place = ? WHERE place = ? AND time_ms < ?", (other, known.id, before_ms))
    rollup.move(groups)
    rollup.move(group._replace(place=other) for group in groups)


def replace_place(
    ledger: Ledger, stored: Stored, worktree: int | None, repository: int, place: BranchPlace, rollup: Rollup
) -> None:
    """Move one usage to a better place, in the caller's transaction."""
    number = Dimensions(ledger).place(repository, worktree, *place)
    ledger.db.execute("UPDATE usage SET place = ? WHERE id = ?", (number, stored.id))
    moved = stored.entry._replace(worktree=worktree, repository=repository, place=place)
    rollup.change(stored, SumKey(number, *stored.group[1:]), moved)


def select_usage(ledger: Ledger, repository: int, selection: "Selection") -> list[Stored]:
    """Usage of a repository, or outside repositories, that matches all parts of a selection."""
    is_here = "repository = :repository"
    if selection.from_branch is not None:
        is_here += " AND ifnull(branch, '') = :from_branch"
    elif selection.session is not None or selection.directory is not None:
        is_here += " OR repository IS NULL"
    # By place, since usage is indexed by place and time.
    clauses = [f"place_id IN (SELECT id FROM place WHERE {is_here})", "time_ms >= :since_ms", "time_ms < :until_ms"]
    if selection.session is not None:
        clauses.append("substr(session, 1, length(:session)) = :session")
    if selection.directory is not None:
        clauses.append("(directory = :directory OR substr(directory, 1, length(:below)) = :below)")
    directory = to_stored(selection.directory or "")
    more = {"repository": repository, "directory": directory, "below": f"{directory.rstrip('/')}/"}
    query = f"{SELECTED} WHERE {' AND '.join(clauses)}"
    return [from_row(row) for row in ledger.db.execute(query, selection._asdict() | more)]


def record_assignment(ledger: Ledger, made_ms: int, what: str, branch: str, usage: int) -> None:
    """Record that the user moved usage, and the selection."""
    ledger.db.execute(
        "INSERT INTO assignment (made_ms, what, branch, usage) VALUES (?, ?, nullif(?, ''), ?)",
        (made_ms, what, branch, usage),
    )
