"""`tokcost collect`: claims of many repositories, each once, and the cells that everybody may see."""

import json
import os
from pathlib import Path

import pytest

from support.organisation import MODEL, USD, Work, claim_id, environ_of, make_repository, team
from support.terminal import piped
from tokcost.datasets.duck import opened, read_claims, read_groups
from tokcost.datasets.folder import read_files
from tokcost.errors import EnvironmentProblem
from tokcost.model.dataset import ALL, Bounds, Collected
from tokcost.services.collect import CollectOptions, collect

SIX = "abcdef"


def collected(tmp_path: Path, *repositories: Path, through: str = "2026-10", into: str = "costs") -> Collected:
    plan = CollectOptions(tmp_path / into, tmp_path / "cache", through)
    return collect([str(one) for one in repositories], plan, lambda *_: None)


def cells(tmp_path: Path, by: str = "month", into: str = "costs") -> dict[str, tuple[int, int]]:
    """List cost in dollars and number of claims, by name."""
    with opened(tmp_path / into) as connection:
        groups = read_groups(connection, by, Bounds())  # pyright: ignore[reportArgumentType]
    return {one.name: (one.list_cost // USD, one.claims) for one in groups}


def amounts(tmp_path: Path) -> tuple[int, int]:
    """List cost and tokens of all cells together."""
    with opened(tmp_path / "costs") as connection:
        groups = read_groups(connection, "month", Bounds())
    return sum(one.list_cost for one in groups), sum(one.tokens for one in groups)


def files(tmp_path: Path, into: str = "costs") -> dict[str, bytes]:
    return {str(one.relative_to(tmp_path / into)): one.read_bytes() for one in (tmp_path / into).rglob("*.parquet")}


def test_cells_of_six_people_are_published_by_area_month_and_model(tmp_path: Path) -> None:
    works = [*team(SIX, "2026-09-05", "api"), *team(SIX, "2026-09-06", "web", 5), *team(SIX, "2026-10-05", "api", 1)]
    found = collected(tmp_path, make_repository(tmp_path / "shop", works))
    assert (found.claims, found.published, found.waiting, found.cells) == (18, 18, 0, 3)
    assert cells(tmp_path) == {"2026-09": (42, 12), "2026-10": (6, 6)}
    assert cells(tmp_path, "area") == {"api": (18, 12), "web": (30, 6)}


def test_a_repository_whose_path_folders_and_models_are_not_utf_8_is_collected(tmp_path: Path) -> None:
    odd = os.fsdecode(b"caf\xe9")
    works = [*team(SIX, "2026-09-05", odd), *team(SIX, "2026-09-06", "web", 5, model=odd)]
    found = collected(tmp_path, make_repository(tmp_path / odd, works))
    assert (found.claims, found.published, found.waiting) == (12, 12, 0)
    assert cells(tmp_path, "area") == {r"caf\xe9": (12, 6), "web": (30, 6)}
    assert cells(tmp_path, "model") == {MODEL: (12, 6), r"caf\xe9": (30, 6)}


def test_a_dataset_on_a_path_that_is_not_utf_8_is_refused_before_anything_is_written(tmp_path: Path) -> None:
    odd = os.fsdecode(b"caf\xe9")
    shop = make_repository(tmp_path / "shop", team(SIX, "2026-09-05", "api"))
    with pytest.raises(EnvironmentProblem, match="not UTF-8"):
        collected(tmp_path, shop, into=odd)
    assert not (tmp_path / odd).exists()


def test_an_area_of_one_person_goes_together_with_the_weakest_other_one(tmp_path: Path) -> None:
    works = [*team(SIX, "2026-09-05", "api"), *team(SIX, "2026-09-06", "web", 5), *team("a", "2026-09-07", "docs", 20)]
    collected(tmp_path, make_repository(tmp_path / "shop", works))
    assert cells(tmp_path, "area") == {ALL: (62, 13)} or cells(tmp_path, "area") == {ALL: (32, 7), "web": (30, 6)}


def test_a_repository_of_one_person_is_in_no_cell_until_there_are_others_beside_it(tmp_path: Path) -> None:
    alone = make_repository(tmp_path / "alone", team("a", "2026-09-05", "api"))
    found = collected(tmp_path, alone)
    assert (found.published, found.waiting) == (0, 1)
    assert cells(tmp_path) == {}
    others = [make_repository(tmp_path / one, team(one, "2026-09-05", "api", name=one)) for one in "bcdefg"]
    found = collected(tmp_path, alone, *others)
    assert (found.published, found.waiting) == (7, 0)
    assert cells(tmp_path, "area") == {"api": (14, 7)}


def test_five_repositories_of_one_person_each_are_in_no_cell_since_one_could_be_taken_away(tmp_path: Path) -> None:
    works = {one: team(one, "2026-09-05", "api", name=one) for one in "abcde"}
    found = collected(tmp_path, *(make_repository(tmp_path / one, some) for one, some in works.items()))
    assert (found.published, found.waiting) == (0, 5)


def test_a_bot_is_no_contributor_of_a_cell_and_what_it_spent_is_in_the_cells(tmp_path: Path) -> None:
    bot = team(["helper[bot]"], "2026-09-06", "api", 20)
    found = collected(tmp_path, make_repository(tmp_path / "shop", [*team("abcd", "2026-09-05", "api"), *bot]))
    assert (found.published, found.waiting) == (0, 5)
    more = team("efghij", "2026-09-05", "api", name="web") + team(["helper[bot]"], "2026-09-06", "deps", 50, name="web")
    found = collected(tmp_path, tmp_path / "shop", make_repository(tmp_path / "web", more))
    assert (found.published, found.waiting) == (7, 5)
    assert cells(tmp_path, "area") == {"api": (12, 6), "deps": (50, 1)}


def test_bots_of_other_repositories_hide_no_repository_of_one_person(tmp_path: Path) -> None:
    works = {
        who: team([who], "2026-09-05", "api", name=who) for who in ("a", "b", "c", "d", "e[bot]", "f[bot]", "g[bot]")
    }
    repositories = [make_repository(tmp_path / who, some) for who, some in works.items()]
    found = collected(tmp_path, *repositories)
    assert (found.published, found.waiting) == (3, 4)
    others = [make_repository(tmp_path / who, team(who, "2026-09-05", "api", name=who)) for who in "hi"]
    found = collected(tmp_path, *repositories, *others)
    assert (found.published, found.waiting) == (6, 0)
    assert cells(tmp_path, "area") == {"api": (18, 9)}


def test_a_month_that_is_not_over_is_left_to_the_next_run(tmp_path: Path) -> None:
    shop = make_repository(tmp_path / "shop", [*team(SIX, "2026-09-05", "api"), *team(SIX, "2026-10-05", "api")])
    assert collected(tmp_path, shop, through="2026-09").claims == 6
    assert collected(tmp_path, shop, through="2026-10").new == 6
    assert cells(tmp_path) == {"2026-09": (12, 6), "2026-10": (12, 6)}


def test_forks_add_nothing_and_the_highest_version_counts(tmp_path: Path) -> None:
    works = team(SIX, "2026-09-05", "api")
    raised = [works[0]._replace(version=2, dollars=5), *works[1:]]
    shop = make_repository(tmp_path / "shop", works, "git@example.com:acme/shop.git")
    fork = make_repository(tmp_path / "fork", raised, "git@example.com:a/shop.git")
    found = collected(tmp_path, shop, fork)
    assert found.claims == 6
    assert cells(tmp_path) == {"2026-09": (15, 6)}


def test_a_run_with_nothing_new_writes_nothing(tmp_path: Path) -> None:
    shop = make_repository(tmp_path / "shop", team(SIX, "2026-09-05", "api"))
    collected(tmp_path, shop)
    before = files(tmp_path)
    found = collected(tmp_path, shop)
    assert (found.new, dict(found.files)) == (0, {})
    assert files(tmp_path) == before


def test_the_same_repositories_give_the_same_bytes_in_any_order_and_any_folder(tmp_path: Path) -> None:
    shop = make_repository(tmp_path / "shop", team(SIX, "2026-09-05", "api"), "https://u:p@example.com/acme/shop")
    web = make_repository(tmp_path / "web", team(SIX, "2026-09-05", "web"), "git@example.com:acme/web.git")
    collected(tmp_path, shop, web, into="one")
    shop = shop.rename(tmp_path / "z")
    collected(tmp_path, web, shop, into="two")
    assert files(tmp_path, "one") == files(tmp_path, "two")


def test_two_jobs_with_the_same_cells_of_different_claims_are_both_counted(tmp_path: Path) -> None:
    for name in ("shop", "web"):
        collected(tmp_path, make_repository(tmp_path / name, team(SIX, "2026-09-05", "api", name=name)))
    assert cells(tmp_path) == {"2026-09": (24, 12)}


def test_a_late_claim_of_one_person_waits_and_those_of_six_are_a_cell_of_their_own(tmp_path: Path) -> None:
    works = team(SIX, "2026-09-05", "api")
    collected(tmp_path, make_repository(tmp_path / "shop", works, "https://example.com/acme/shop"))
    late = [*works, Work("g", "2026-09-20", "api", 50, claim_id("late"))]
    found = collected(tmp_path, make_repository(tmp_path / "later", late, "https://example.com/acme/shop"))
    assert (found.new, found.published, found.waiting) == (1, 0, 1)
    assert cells(tmp_path) == {"2026-09": (12, 6)}
    later = [*works, *team(SIX, "2026-09-21", "api", 1)]
    collected(tmp_path, make_repository(tmp_path / "latest", later, "https://example.com/acme/shop"))
    assert cells(tmp_path) == {"2026-09": (18, 12)}


def test_a_claim_that_is_raised_later_adds_the_difference_once_it_is_safe(tmp_path: Path) -> None:
    works = team(SIX, "2026-09-05", "api")
    collected(tmp_path, make_repository(tmp_path / "shop", works, "https://example.com/acme/shop"))
    one = [works[0]._replace(version=2, dollars=50, tokens=2_000_000), *works[1:]]
    found = collected(tmp_path, make_repository(tmp_path / "one", one, "https://example.com/acme/shop"))
    assert (found.new, found.published) == (1, 0)
    assert cells(tmp_path) == {"2026-09": (12, 6)}
    every = [work._replace(version=3, dollars=5, tokens=2_000_000) for work in works]
    collected(tmp_path, make_repository(tmp_path / "all", every, "https://example.com/acme/shop"))
    assert cells(tmp_path) == {"2026-09": (30, 6)}


def test_a_raise_puts_the_difference_into_cells_in_list_cost_and_in_tokens(tmp_path: Path) -> None:
    """Each change touches two areas: the claim is raised once, not in each of them."""
    works = [work._replace(more="web/x") for work in team(SIX, "2026-09-05", "api")]
    collected(tmp_path, make_repository(tmp_path / "shop", works, "https://example.com/acme/shop"))
    assert amounts(tmp_path) == (12 * USD, 6_000_000)
    raised = [work._replace(version=2, dollars=5, tokens=4_000_000) for work in works]
    collected(tmp_path, make_repository(tmp_path / "raised", raised, "https://example.com/acme/shop"))
    assert amounts(tmp_path) == (30 * USD, 24_000_000)
    rows = [row for path in read_files(tmp_path / "costs", "claims").counted for row in read_claims(path)]
    assert all(row.cell_area == row.area for row in rows)
    for work in works:
        own = [(row.cell_list_cost or 0, row.cell_tokens or 0) for row in rows if row.id == work.id]
        assert tuple(map(sum, zip(*own, strict=True))) == (5 * USD, 4_000_000)


@pytest.mark.parametrize(
    ("by", "one", "other"),
    [
        ("area", ("api", "claude-opus-4-5"), ("web", "claude-opus-4-5")),
        ("model", ("api", "claude-opus-4-5"), ("api", "gpt-5.1-codex")),
    ],
)
def test_nothing_is_added_where_the_report_minus_an_earlier_cell_is_one_persons_late_change(
    tmp_path: Path, by: str, one: tuple[str, str], other: tuple[str, str]
) -> None:
    """Two cells are published; then one person adds to one of them, and five to the other: the report has all of it."""

    def work(people: str, at: tuple[str, str], name: str) -> list[Work]:
        return team(people, "2026-09-05", at[0], 2, at[1], name)

    works, address = [*work(SIX, one, "first"), *work(SIX, other, "first")], "https://example.com/acme/shop"
    collected(tmp_path, make_repository(tmp_path / "first", works, address))
    before = cells(tmp_path, by)
    assert list(before.values()) == [(12, 6), (12, 6)]
    works += [*work(SIX[0], one, "late"), *work(SIX[1:], other, "late")]
    collected(tmp_path, make_repository(tmp_path / "shop", works, address))
    assert cells(tmp_path, by) == before


def test_a_raise_that_says_less_takes_nothing_out_of_a_cell(tmp_path: Path) -> None:
    """What was published stays; a later raise adds what it says beyond that."""
    works = team(SIX, "2026-09-05", "api")
    collected(tmp_path, make_repository(tmp_path / "shop", works, "https://example.com/acme/shop"))
    less = [work._replace(version=2, dollars=1, tokens=400_000) for work in works]
    collected(tmp_path, make_repository(tmp_path / "less", less, "https://example.com/acme/shop"))
    assert amounts(tmp_path) == (12 * USD, 6_000_000)
    unpriced = [work._replace(version=3, dollars=None, tokens=1_000_000) for work in works]
    collected(tmp_path, make_repository(tmp_path / "unpriced", unpriced, "https://example.com/acme/shop"))
    assert amounts(tmp_path) == (12 * USD, 6_000_000)
    more = [work._replace(version=4, dollars=5, tokens=1_500_000) for work in works]
    collected(tmp_path, make_repository(tmp_path / "more", more, "https://example.com/acme/shop"))
    assert amounts(tmp_path) == (30 * USD, 9_000_000)


def test_a_raise_without_a_price_adds_no_list_cost(tmp_path: Path) -> None:
    works = [work._replace(dollars=None) for work in team(SIX, "2026-09-05", "api")]
    collected(tmp_path, make_repository(tmp_path / "shop", works, "https://example.com/acme/shop"))
    raised = [work._replace(version=2, tokens=2_000_000) for work in works]
    collected(tmp_path, make_repository(tmp_path / "raised", raised, "https://example.com/acme/shop"))
    assert amounts(tmp_path) == (0, 12_000_000)


def test_no_author_and_no_name_of_a_repository_is_in_any_file(tmp_path: Path) -> None:
    people = [f"person{number}" for number in range(6)]
    works = [Work(who, "2026-09-05", "api", 2, claim_id(who)) for who in people]
    collected(tmp_path, make_repository(tmp_path / "secretname", works, "https://example.com/acme/secretname"))
    for data in files(tmp_path).values():
        assert b"person" not in data
        assert b"secretname" not in data


def test_a_repository_that_fails_is_told_and_the_others_are_collected(tmp_path: Path) -> None:
    shop = make_repository(tmp_path / "shop", team(SIX, "2026-09-05", "api"))
    (tmp_path / "empty").mkdir()
    make_repository(tmp_path / "new", [])
    listed = tmp_path / "list.txt"
    listed.write_text(f"# ours\n{tmp_path / 'empty'}\n\n{tmp_path / 'gone'}\n{shop}\n{tmp_path / 'new'}\n")
    args = ["collect", "--from", str(listed), "--into", str(tmp_path / "costs"), "--through", "2026-10", "--json"]
    done = piped(args, tmp_path, environ_of(tmp_path / "home"))
    assert done.returncode == 1
    told = json.loads(done.stdout)
    problems = {Path(one["repository"]).name: one["problem"] for one in told["repositories"]}
    assert problems["shop"] is None
    assert problems["empty"] == "not a git repository. Name the top folder of a clone, or a bare repository."
    assert problems["gone"].startswith("not a git repository")
    assert problems["new"].startswith("there are no commits here yet")
    assert "Traceback" not in done.stderr
    assert (told["claims"], told["published"]) == (6, 6)


def test_made_up_amounts_stop_one_repository_and_not_the_run(tmp_path: Path) -> None:
    shop = make_repository(tmp_path / "shop", team(SIX, "2026-09-05", "api"))
    rich = [Work(who, "2026-09-05", "api", 100_000_000, claim_id(who, "rich")) for who in SIX]
    found = collected(tmp_path, shop, make_repository(tmp_path / "rich", rich))
    assert [bool(one.problem) for one in found.outcomes] == [True, False]
    assert cells(tmp_path) == {"2026-09": (12, 6)}


@pytest.mark.parametrize(
    ("args", "said"),
    [
        ([], "there is nothing to collect"),
        (["x", "--through", "October"], "this is not a month"),
        (["x", "--through", "2999-01"], "that month has not ended"),
        (["--from", "missing"], "missing cannot be read"),
    ],
)
def test_what_makes_no_sense_is_refused_with_a_reason(tmp_path: Path, args: list[str], said: str) -> None:
    done = piped(["collect", *args, "--into", "costs"], tmp_path, environ_of(tmp_path / "home"))
    assert done.returncode in (2, 3)
    assert said in done.stderr
    assert not (tmp_path / "costs").exists()


def test_a_folder_that_holds_something_else_is_left_alone(tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src/main.c").write_text("int main;")
    shop = make_repository(tmp_path / "shop", team(SIX, "2026-09-05", "api"))
    done = piped(["collect", str(shop), "--into", "src"], tmp_path, environ_of(tmp_path / "home"))
    assert done.returncode == 3
    assert "is not a dataset: it has main.c" in done.stderr
    assert [one.name for one in (tmp_path / "src").iterdir()] == ["main.c"]
