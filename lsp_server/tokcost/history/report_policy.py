"""The rules for reports in a repository's committed `.tokcost.toml`, and the owners of its paths.

They are read as of the reported commit, not from the folder: the repository decides what may be shown, not the person
who looks, and a bare clone has no folder.
"""

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from tokcost.errors import SettingsDamaged
from tokcost.files.foreign import MOST, shown
from tokcost.files.toml import read_toml
from tokcost.history.areas import AreaOf, by_globs, by_owners, top_folder
from tokcost.history.work_types import Types, read_types
from tokcost.model.changes import FEWEST, USUAL
from tokcost.policy.repository_file import POLICY_FILE
from tokcost.repo.history import Repository, read_file

# GitHub's order of search, then GitLab's folder. `repo/clones.py` must fetch all of these.
_OWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")

_MOST_AREAS = 500
_MOST_CHARACTERS = 100
"""In the name of an area."""
_MOST_CONTRIBUTORS = 1_000_000


class ReportPolicy(NamedTuple):
    """The settings of a repository for reports about it."""

    contributors: int = USUAL
    """Minimum number of contributors in a grouped figure."""
    areas: Mapping[str, Sequence[str]] = {}
    types: Types = Types()


def read_report_policy(repository: Repository, commit: str) -> ReportPolicy:
    """`[report]`, `[areas]` and `[types]`. Raises `SettingsDamaged`."""
    try:
        data = read_file(repository, commit, POLICY_FILE, MOST)
        if data is None:
            return ReportPolicy()
        tables = read_toml(data)
        return ReportPolicy(
            _contributors(_table(tables, "report")),
            _areas(_table(tables, "areas")),
            read_types(_lists(_table(tables, "types"), "types", '["fix", "[bug]*"]')),
        )
    except ValueError as error:
        hint = f"Correct it and commit the correction, or report a range that ends before {commit[:12]}."
        raise SettingsDamaged(f"{POLICY_FILE} of {commit[:12]} cannot be parsed: {error}", hint) from error


def area_of(repository: Repository, commit: str, policy: ReportPolicy, notes: list[str]) -> AreaOf:
    """A function that assigns paths to areas; `notes` receives remarks on a file that was ignored."""
    if policy.areas:
        return by_globs(policy.areas)
    for path in _OWNERS:
        try:
            data = read_file(repository, commit, path, MOST)
            if data is not None:
                return by_owners(data.decode("utf-8", "replace"))
        except ValueError as error:
            # The next file does not take its place: a forge, too, uses the first that exists.
            notes.append(f"{path} of {commit[:12]} was ignored, areas are the top folders: {error}")
            break
    return top_folder


def _table(tables: Mapping[str, Any], name: str) -> Mapping[str, Any]:
    table = tables.get(name, {})
    if not isinstance(table, dict):
        raise ValueError(f"{name} is not a table")
    return cast(Mapping[str, Any], table)


def _contributors(table: Mapping[str, Any]) -> int:
    least = table.get("contributors", USUAL)
    if not isinstance(least, int) or isinstance(least, bool) or not FEWEST <= least <= _MOST_CONTRIBUTORS:
        raise ValueError(f"report.contributors is {shown(least)}; it must be from {FEWEST} to {_MOST_CONTRIBUTORS:,}")
    return least


def _areas(table: Mapping[str, Any]) -> dict[str, list[str]]:
    if len(table) > _MOST_AREAS:
        raise ValueError(f"there are {len(table):,} areas, and at most {_MOST_AREAS} are allowed")
    areas = _lists(table, "areas", '["src/api/**"]')
    for name, globs in areas.items():
        if len(name) > _MOST_CHARACTERS:
            raise ValueError(f"areas.{shown(name)} has more than {_MOST_CHARACTERS} characters")
        if not all(glob.strip("/") for glob in globs):
            raise ValueError(f'areas.{shown(name)} is not a pattern or a list of patterns, for example ["src/api/**"]')
    by_globs(areas)  # says what is wrong with a pattern
    return areas


def _lists(table: Mapping[str, Any], title: str, example: str) -> dict[str, list[str]]:
    """A table of names for one pattern or several."""
    found: dict[str, list[str]] = {}
    for name, patterns in table.items():
        several: list[Any] = cast(list[Any], patterns) if isinstance(patterns, list) else [patterns]
        if not all(isinstance(one, str) and one for one in several):
            raise ValueError(f"{title}.{shown(name)} is not a pattern or a list of patterns, for example {example}")
        found[name] = several
    return found
