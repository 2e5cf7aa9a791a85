"""Paths to areas, and amounts split between them."""

import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from support.tables import few
from tokcost.history.areas import by_globs, by_owners, shares, split_by_area, top_folder

OWNERS = """\
# who looks after what
*            @org/core
/docs/       @org/writers @ann
*.sql        @ann
src/api/**   @org/api
assets/*     @org/design
/a\\ b/       @org/spaces
[Infra][2] @org/ops
/deploy/
"""


@pytest.mark.parametrize(
    ("path", "area"),
    [
        ("setup.py", "org/core"),
        ("docs/a/b.md", "org/writers"),
        ("db/x.sql", "db"),
        ("src/api/v1/x.py", "org/api"),
        ("assets/logo.svg", "org/design"),
        ("assets/deep/logo.svg", "org/core"),
        ("a b/c", "org/spaces"),
        ("deploy/prod.yml", "org/ops"),
        ("sub/docs/x", "org/core"),
    ],
)
def test_the_last_pattern_of_codeowners_decides_and_people_never_name_an_area(path: str, area: str) -> None:
    found = by_owners(OWNERS)(path)
    # A pattern that a person owns falls back to the pattern of a team behind it, or to the folder.
    assert found in (area, "org/core") if path == "db/x.sql" else found == area
    assert "ann" not in found


@pytest.mark.parametrize("name", ["next\x85line", "f\x0cf", "s\x1cs", "separator\u2028", "ideographic\u3000space"])
def test_only_line_ends_and_spaces_of_ascii_separate_in_codeowners(name: str) -> None:
    area_of = by_owners(f"# {name} @org/comment\r\n/{name}/ @org/x\r\nline/ @org/y\n")
    assert area_of(f"{name}/file") == "org/x"
    assert area_of("line/file") == "org/y"


@pytest.mark.parametrize(
    ("path", "area"), [("web/a/b.ts", "frontend"), ("lib/x.ts", "frontend"), ("api/x.py", "api"), ("README", "(top)")]
)
def test_the_repositorys_own_areas_and_the_top_folder_for_the_rest(path: str, area: str) -> None:
    assert by_globs({"frontend": ["web/**", "*.ts"]})(path) == area


def test_lock_files_weigh_nothing_beside_what_people_write() -> None:
    assert shares({"web/package-lock.json": 9000, "api/x.py": 3}, top_folder) == {"api": 3}
    assert shares({"web/package-lock.json": 9000}, top_folder) == {"web": 9000}


@given(st.integers(0, 10**12), st.dictionaries(st.text(max_size=3), st.integers(1, 10**6), min_size=1, max_size=9))
def test_a_split_leaves_nothing_over(amount: int, parts: dict[str, int]) -> None:
    found = split_by_area(amount, parts)
    assert sum(found.values()) == amount
    assert min(found.values()) >= 0


@pytest.mark.parametrize(
    ("pattern", "path", "is_in"),
    [
        ("a*b*c", "axbxbxc", True),
        ("**/a*b", "x/a/y/axb", True),
        ("**/a*b", "x/a/b", False),
        ("a/**/b", "a/b", True),
        ("a/**/b/**/c", "a/b/x/b/c", True),
        ("a/**/x/*/c", "a/x/x/b/c", True),
        ("/**/**/x", "x", True),
        ("**/x/**", "a/x/b", True),
        ("a/**", "a", False),
        ("a**b", "axxb", True),
        ("*a", "a", True),
        ("a*a", "a", False),
        ("a*a", "aa", True),
        ("*?b", "b", False),
        ("*.?s", "web/x.ts/y", True),
        ("a*b*b", "ab", False),
        ("a*b*b/c", "abb/c", True),
        ("*b/c*", "b/cd/e", True),
        ("?", "é", True),
        ("[ab]", "[ab]", True),
        ("[ab]", "a", False),
    ],
)
def test_a_pattern_means_what_gitignore_says(pattern: str, path: str, is_in: bool) -> None:
    assert (by_globs({"mine": [pattern]})(path) == "mine") is is_in


@pytest.mark.parametrize(
    ("pattern", "path"),
    [
        ("a*" * 240 + "b", "a" * 900),
        ("**/a*a*a*a*a*a*b", "a" * 900),
        ("**/a/" * 90 + "b", "a/" * 450 + "c"),
        ("**/" * 150 + "b", "a/" * 450),
        ("**/*a*a*a*/" * 40 + "b", ("a" * 20 + "/") * 40 + "c"),
        ("?*" * 240 + "b", "a" * 900),
    ],
)
def test_no_pattern_takes_more_time_than_the_length_of_the_path(pattern: str, path: str) -> None:
    area_of, owner_of = by_globs({"x": [pattern]}), by_owners(f"{pattern} @org/x")
    began = time.process_time()
    for number in range(20):
        assert area_of(f"{path}{number}") != "x"
        assert owner_of(f"{path}{number}") != "org/x"
    assert time.process_time() - began < 1


def test_more_patterns_or_longer_ones_than_are_compared_are_refused() -> None:
    with pytest.raises(ValueError, match="at most 2,000 are allowed"):
        by_globs({"x": ["a"] * 2_001})
    with pytest.raises(ValueError, match="at most 2,000 are allowed"):
        by_owners("a @org/x\n" * 2_001)
    with pytest.raises(ValueError, match="500 characters"):
        by_globs({"x": ["a" * 501]})


@pytest.mark.few
@pytest.mark.parametrize(
    ("pattern", "path"),
    few(
        [
            ("*" + "a" * 480 + "bN", "a" * 990),
            ("*" + "a" * 240 + "b" + "a" * 240 + "N", "a" * 990),
            ("*" + "?a" * 240 + "bN", "a" * 990),
            ("w/**/*" + "a" * 480 + "bN", "w/" * 90 + "a" * 800),
            ("**/" + "a*/" * 10 + "N", "aaaaaaaa/" * 30),
        ]
    ),
)
def test_what_stands_behind_the_last_star_is_compared_at_one_place(pattern: str, path: str) -> None:
    """Looking for it at every character would take minutes here."""
    area_of = by_globs({"x": [pattern.replace("N", str(number)) for number in range(500)]})
    for number in range(500, 1_000):
        assert area_of(f"{path}c{number}") != "x"


@pytest.mark.few
@pytest.mark.parametrize("pattern", ["*" + "a" * 480 + "bN*", "**/" + "a/" * 200 + "N", "a/**/" + "b*/" * 150 + "**/N"])
def test_more_text_that_may_be_anywhere_than_is_looked_for_is_refused(pattern: str) -> None:
    several = [pattern.replace("N", str(number)) for number in range(500)]
    by_globs({"x": several[:5]})
    with pytest.raises(ValueError, match="too much text between stars"):
        by_globs({"x": several})
    with pytest.raises(ValueError, match="too much text between stars"):
        by_owners("".join(f"{one} @org/x\n" for one in several))


def test_two_thousand_patterns_as_people_write_them_are_compared() -> None:
    several = [f"**/src/main/java/org/example/part{number}/" for number in range(1_000)]
    several += [f"*.test{number}.*" for number in range(200)] + [f"/web/{'x' * 100}/{number}" for number in range(800)]
    area_of = by_globs({"x": several})
    assert area_of("a/src/main/java/org/example/part999/b") == area_of("b/c.test199.ts") == "x"


def test_a_file_in_more_folders_than_are_compared_belongs_to_its_top_folder() -> None:
    area_of = by_globs({"x": ["*.py"]})
    assert area_of("a/" * 100 + "b.py") == "x"
    assert area_of("a/" * 101 + "b.py") == "a"
