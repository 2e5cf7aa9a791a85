"""Types of changes, by subjects, branches and a repository's own words."""

import pytest

from tokcost.history.work_types import NO_TYPE, Types, read_types, type_of

OWN = read_types({"bug": ["fix", "[bug]*"], "research": ["exp", "spike"]})


@pytest.mark.parametrize(
    ("subject", "branch", "type"),
    [
        ("feat: add login", "", "feat"),
        ("Fix(api)!: no crash", "", "fix"),
        ("docs(readme): say more", "feat/x", "docs"),
        ("hotfix: now", "", "fix"),
        ('Revert "feat: add login"', "", "revert"),
        ("net: do not wait", "", NO_TYPE),
        ("fix the build", "", NO_TYPE),
        ("fix:no space", "", NO_TYPE),
        ("Add login", "feature/login", "feat"),
        ("Add login", "fix", NO_TYPE),
        ("Add login", "ann/login", NO_TYPE),
        ("", "", NO_TYPE),
    ],
)
def test_a_type_is_what_conventional_commits_names(subject: str, branch: str, type: str) -> None:
    assert type_of(subject, branch, Types()) == type


@pytest.mark.parametrize(
    ("subject", "branch", "type"),
    [
        ("fix: no crash", "", "bug"),
        ("[BUG] No crash", "", "bug"),
        ("Try it", "spike/cache", "research"),
        ("feat: add login", "", "feat"),
        ("bugfix: other word", "", "fix"),
    ],
)
def test_a_repository_may_name_types_of_its_own(subject: str, branch: str, type: str) -> None:
    assert type_of(subject, branch, OWN) == type


@pytest.mark.parametrize(
    "table",
    [{"a": ["*x"]}, {"a": ["x*y"]}, {"a": [""]}, {"a": ["x" * 101]}, {"a" * 101: ["x"]}, {"a": ["x"] * 501},
     {str(number): ["x"] for number in range(51)}],
)  # fmt: skip
def test_patterns_that_cannot_be_meant_are_refused(table: dict[str, list[str]]) -> None:
    with pytest.raises(ValueError, match="types"):
        read_types(table)
