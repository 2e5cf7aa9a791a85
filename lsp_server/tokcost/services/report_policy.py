"""What a repository says about reports in its committed `.tokcost.toml`, and who owns what in it.

Read as of the commit that is reported on, not from the folder: what may be shown is decided by the repository, not by
whoever looks, and a bare clone has no folder.
"""

import tomllib
from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple, cast

from tokcost.attribution.areas import AreaOf, by_globs, by_owners, top_folder
from tokcost.attribution.privacy import FLOOR, LEAST_CONTRIBUTORS
from tokcost.errors import SettingsDamaged
from tokcost.repo.history import Repository, read_file
from tokcost.services.consent import POLICY_FILE

_OWNERS = (".github/CODEOWNERS", "CODEOWNERS", "docs/CODEOWNERS", ".gitlab/CODEOWNERS")


class ReportPolicy(NamedTuple):
    """How a repository wants to be reported on."""

    contributors: int = LEAST_CONTRIBUTORS
    """Least contributors in a grouped figure."""
    areas: Mapping[str, Sequence[str]] = {}


def read_report_policy(repository: Repository, commit: str) -> ReportPolicy:
    """`[report]` and `[areas]`. Raises `SettingsDamaged`."""
    text = read_file(repository, commit, POLICY_FILE)
    if text is None:
        return ReportPolicy()
    try:
        tables = tomllib.loads(text)
        return ReportPolicy(_contributors(tables.get("report", {})), _areas(tables.get("areas", {})))
    except (tomllib.TOMLDecodeError, ValueError, AttributeError) as error:
        raise SettingsDamaged(f"{POLICY_FILE} of {commit[:12]} cannot be understood: {error}") from error


def area_of(repository: Repository, commit: str, policy: ReportPolicy) -> AreaOf:
    """How paths are put into areas."""
    if policy.areas:
        return by_globs(policy.areas)
    for path in _OWNERS:
        text = read_file(repository, commit, path)
        if text is not None:
            return by_owners(text)
    return top_folder


def _contributors(table: Mapping[str, Any]) -> int:
    least = table.get("contributors", LEAST_CONTRIBUTORS)
    if not isinstance(least, int) or isinstance(least, bool) or least < FLOOR:
        raise ValueError(f"report.contributors is {least!r}; it must be {FLOOR} or more")
    return least


def _areas(table: Mapping[str, Any]) -> dict[str, list[str]]:
    areas: dict[str, list[str]] = {}
    for name, globs in table.items():
        several: list[Any] = cast(list[Any], globs) if isinstance(globs, list) else [globs]
        if not all(isinstance(glob, str) and glob.strip("/") for glob in several):
            raise ValueError(f'areas.{name} is not a pattern or a list of patterns, for example ["src/api/**"]')
        areas[name] = several
    return areas
