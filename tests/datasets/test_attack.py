"""Datasets against someone who knows every author, every other figure that is shown, and all versions of the files.

The attacker has the cells of each job at each time, and the grouped figures of each repository's own report through the
months that were collected. He adds and subtracts them; what comes out must not be about fewer people than the rule
wants, nor tell anyone's amount within 15 %.
"""

from collections.abc import Iterable, Mapping, Sequence
from fractions import Fraction
from itertools import combinations
from pathlib import Path
from random import Random
from typing import NamedTuple

import pytest

from support.organisation import Work, claim_id, make_repository, team
from support.tables import few
from tokcost.datasets.columns import cells_of
from tokcost.datasets.duck import read_claims
from tokcost.datasets.folder import read_files
from tokcost.history.privacy.cells import is_safe
from tokcost.model.changes import GROUPINGS
from tokcost.services.collect import CollectOptions, collect
from tokcost.services.make_report import ReportOptions, make_report

AREAS = ("api", "web", "docs", "ops")
MONTHS = ("2026-07", "2026-08", "2026-09", "2026-10")
MODELS = ("claude-opus-4-5", "gpt-5.1-codex")
GRID = (1, 2, 5, 10, 20, 50)
LEAST = 5
BOT = "helper[bot]"

Part = tuple[str, str]
"""A claim and an area."""
Figure = frozenset[Part]
"""The parts of claims that a figure is the sum of."""


class World(NamedTuple):
    """Everything that the attacker does not know, and what he sees."""

    who: dict[str, str]
    amounts: dict[Part, int]
    figures: dict[str, Figure]

    def of_people(self) -> "World":
        """What is left for an attacker who subtracts what bots spent, which everyone may know."""
        amounts = {part: amount for part, amount in self.amounts.items() if self.who[part[0]] != BOT}
        figures = {name: figure & amounts.keys() for name, figure in self.figures.items()}
        who = {id: who for id, who in self.who.items() if who != BOT}
        return World(who, amounts, {name: figure for name, figure in figures.items() if figure})


def works_of(
    random: Random, people: Sequence[str], number: int, name: str, months: Sequence[str] = MONTHS
) -> list[Work]:
    """Commits of a team, of which some do much and some little."""
    found: list[Work] = []
    for at in range(number):
        who = people[int(len(people) * random.random() ** 1.5)]
        area, day = (
            random.choice(AREAS[: random.choice((1, 2, 4))]),
            f"{random.choice(months)}-{random.randint(1, 28):02d}",
        )
        model = random.choice(MODELS)
        found.append(Work(who, day, area, random.choice(GRID), claim_id(name, at, who), model))
    return found


def seen_in(costs: Path, seen: dict[str, Figure]) -> dict[Part, int]:
    """Every cell of every file, as its own figure: the attacker kept all of them. The amounts of the parts."""
    amounts: dict[Part, int] = {}
    for path in read_files(costs, "claims").counted:
        rows = read_claims(path)
        for row in rows:
            amounts[row.id, row.area] = row.list_cost or 0
        for cell in cells_of(rows).cells:
            key = cell.month, cell.area, cell.model
            parts = frozenset((row.id, row.area) for row in rows if (row.month, row.cell_area, row.cell_model) == key)
            assert sum(amounts[part] for part in parts) == cell.list_cost
            seen[f"{Path(path).name} {key}"] = parts
    return amounts


def seen_in_report(
    repository: Path, cache: Path, until: str, parts: Iterable[tuple[Part, Mapping[str, str]]]
) -> dict[str, Figure]:
    """The figures that the repository's own report shows, as sets of parts: found again by their names."""
    from tokcost.services.parse_date import until_ms

    report = make_report(repository, cache, ReportOptions(until=until_ms(until) // 1000, groups=True))
    listed = list(parts)
    figures: dict[str, Figure] = {}
    for by in GROUPINGS:
        cells = report.groups.get(by, [])
        named = {cell.name for cell in cells if not cell.merged}
        left = {name for _, names in listed if (name := names.get(by)) and name not in named}
        for cell in cells:
            if not cell.merged:
                wanted = {cell.name}
            elif " to " in cell.name:
                first, last = cell.name.split(" to ")
                wanted = {name for name in left if first <= name <= last}
            else:
                wanted = left
            found = frozenset(part for part, names in listed if names.get(by) in wanted)
            if found:
                figures[f"{repository.name} {by} {cell.name}"] = found
    return figures


def lonely(world: World) -> list[str]:
    """Combinations of figures about one or two people: everything that is left of a person's columns when those of all
    others are taken out."""
    order = sorted(world.figures)
    columns: dict[tuple[int, ...], dict[str, int]] = {}
    for part, amount in world.amounts.items():
        column = tuple(number for number, name in enumerate(order) if part in world.figures[name])
        if column and amount:
            sums = columns.setdefault(column, {})
            sums[world.who[part[0]]] = sums.get(world.who[part[0]], 0) + amount
    people = sorted({who for sums in columns.values() for who in sums})
    few = sorted({who for sums in columns.values() if len(sums) <= 2 for who in sums})
    found: list[str] = []
    for group in [*combinations(few, 1), *combinations(few, 2)]:
        others = [column for column, sums in columns.items() if not set(sums) <= set(group)]
        own = [column for column, sums in columns.items() if set(sums) <= set(group)]
        basis = Basis(others)
        found += [f"{group} {[order[number] for number in column]}" for column in own if not basis.has(column)]
    assert people
    return found


class Basis:
    """The span of some columns."""

    def __init__(self, columns: Iterable[tuple[int, ...]]) -> None:
        self._rows: dict[int, dict[int, Fraction]] = {}
        for column in columns:
            rest = self._rest(column)
            if rest:
                pivot = min(rest)
                self._rows[pivot] = {at: value / rest[pivot] for at, value in rest.items()}

    def has(self, column: tuple[int, ...]) -> bool:
        return not self._rest(column)

    def _rest(self, column: tuple[int, ...]) -> dict[int, Fraction]:
        todo = {at: Fraction(1) for at in column}
        rest: dict[int, Fraction] = {}
        while todo:
            at = min(todo)
            value = todo.pop(at)
            row = self._rows.get(at)
            if row is None:
                rest[at] = value
                continue
            for other, factor in row.items():
                if other != at:
                    changed = todo.pop(other, Fraction(0)) - value * factor
                    if changed:
                        todo[other] = changed
        return rest


def unsafe_differences(world: World) -> list[str]:
    """One figure minus those of one kind that lie inside it, where what is left fails the rule."""
    people = {who: number for number, who in enumerate(sorted(set(world.who.values())))}
    kinds = {name: name.split(" ")[0] + (name.split(" ")[1] if "parquet" not in name else "") for name in world.figures}
    cells = [name for name in world.figures if ".parquet" in name]
    found: list[str] = []
    for name, figure in world.figures.items():
        for kind in [*sorted({kinds[one] for one in world.figures}), "all cells"]:
            others = cells if kind == "all cells" else [one for one in world.figures if kinds[one] == kind]
            inside = [one for one in others if one != name and world.figures[one] <= figure]
            rest = figure.difference(*(world.figures[one] for one in inside))
            if inside and rest and not safe(world, rest, people):
                found.append(f"{name} minus {sorted(inside)}: {sorted({world.who[id] for id, _ in rest})}")
        if not safe(world, figure, people):
            found.append(f"{name} alone")
    return found


def safe(world: World, parts: Iterable[Part], people: Mapping[str, int]) -> bool:
    sums: dict[int, tuple[int, int]] = {}
    for part in parts:
        who = people[world.who[part[0]]]
        cost = sums.get(who, (0, 0))[0] + world.amounts[part]
        sums[who] = cost, cost
    return is_safe(sums, LEAST)


def with_bots(random: Random, teams: Mapping[str, list[str]]) -> dict[str, list[str]]:
    """The teams, some with a bot that does more than most of them, and a repository in which nobody else works."""
    found = {name: [BOT, *people] if random.random() < 0.6 else people for name, people in teams.items()}
    return {**found, "deps": [BOT]}


def parts_of(works: Sequence[Work]) -> list[tuple[Part, dict[str, str]]]:
    return [((work.id, work.area), {"month": work.day[:7], "area": work.area, "model": work.model}) for work in works]


@pytest.mark.parametrize("seed", few(range(6), 2))
def test_cells_of_several_months_and_jobs_beside_the_repositories_reports_tell_of_nobody(
    tmp_path: Path, seed: int
) -> None:
    random = Random(seed)
    everyone = [f"p{number}" for number in range(14)]
    teams = {name: random.sample(everyone, size) for name, size in (("shop", 9), ("web", 7), ("tools", 3), ("lone", 1))}
    teams = with_bots(random, teams)
    works = {name: works_of(random, people, 6 * len(people), name) for name, people in teams.items()}
    repositories = [make_repository(tmp_path / name, some) for name, some in works.items()]
    costs = tmp_path / "costs"
    for month in MONTHS[1:]:
        collect([str(one) for one in repositories], CollectOptions(costs, tmp_path / "cache", month), lambda *_: None)
    figures: dict[str, Figure] = {}
    amounts = seen_in(costs, figures)
    who = {work.id: work.who for some in works.values() for work in some}
    world = World(who, amounts, figures).of_people()
    assert unsafe_differences(world) == []
    assert lonely(world) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", few(range(6)))
def test_the_cells_of_one_repository_beside_its_own_report_tell_of_nobody(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    works = works_of(random, [BOT, *(f"p{number}" for number in range(9))], 100, "shop")
    shop = make_repository(tmp_path / "shop", works)
    costs = tmp_path / "costs"
    collect([str(shop)], CollectOptions(costs, tmp_path / "cache", MONTHS[-1]), lambda *_: None)
    figures: dict[str, Figure] = {}
    amounts = seen_in(costs, figures)
    figures |= seen_in_report(shop, tmp_path / "cache", "2026-10-31", parts_of(works))
    world = World({work.id: work.who for work in works}, amounts, figures).of_people()
    assert unsafe_differences(world) == []
    assert lonely(world) == []


@pytest.mark.slow
@pytest.mark.parametrize("seed", few(range(3), 1))
def test_the_cells_of_many_repositories_minus_one_repositorys_report_tell_of_nobody(tmp_path: Path, seed: int) -> None:
    random = Random(seed)
    everyone = [f"p{number}" for number in range(16)]
    teams = {
        name: random.sample(everyone, size) for name, size in (("shop", 8), ("web", 7), ("a", 3), ("b", 3), ("c", 2))
    }
    teams = with_bots(random, teams)
    works = {name: works_of(random, people, 7 * len(people), name, MONTHS[:2]) for name, people in teams.items()}
    repositories = [make_repository(tmp_path / name, some) for name, some in works.items()]
    costs = tmp_path / "costs"
    collect([str(one) for one in repositories], CollectOptions(costs, tmp_path / "cache", MONTHS[-1]), lambda *_: None)
    cells: dict[str, Figure] = {}
    amounts = seen_in(costs, cells)
    who = {work.id: work.who for some in works.values() for work in some}
    for repository in repositories:
        figures = cells | seen_in_report(repository, tmp_path / "cache", "2026-10-31", parts_of(works[repository.name]))
        world = World(who, amounts, figures).of_people()
        assert unsafe_differences(world) == [], repository
        assert lonely(world) == [], repository


@pytest.mark.slow
def test_an_area_in_the_report_minus_its_cells_of_all_months_is_not_one_persons_last_month(tmp_path: Path) -> None:
    """Six people in api in July and August, one in September: his part must be in a cell with others, and so it is; but
    the report's api minus the cells of api would be his alone."""
    works = [*team("abcdef", "2026-07-05", "api"), *team("abcdef", "2026-08-05", "api")]
    works += [one for month in MONTHS for one in team("cdefghij", f"{month}-07", "web", 5)]
    works += team("a", "2026-09-09", "api", 50, name="last")
    shop = make_repository(tmp_path / "shop", works)
    collect([str(shop)], CollectOptions(tmp_path / "costs", tmp_path / "cache", MONTHS[-1]), lambda *_: None)
    figures: dict[str, Figure] = {}
    amounts = seen_in(tmp_path / "costs", figures)
    figures |= seen_in_report(shop, tmp_path / "cache", "2026-10-31", parts_of(works))
    assert {name for name in figures if name.startswith("shop area")} == {"shop area api", "shop area web"}
    world = World({work.id: work.who for work in works}, amounts, figures)
    assert unsafe_differences(world) == []
    assert lonely(world) == []


def some_do_nearly_all(random: Random) -> list[Work]:
    """Ten months of a team of which a few do nearly everything."""
    number = random.choice((150, 300))
    people = [f"p{int(14 * random.random() ** 3)}" for _ in range(random.choice((12, 20, 40)))]
    return works_of(random, people, number, "r", [f"2026-{month:02d}" for month in range(1, 11)])


@pytest.mark.slow
def test_a_run_on_the_same_history_has_nothing_more_to_publish(tmp_path: Path) -> None:
    """Cells that were made leave less to be put together, so what one go through the months leaves over may fit now."""
    shop = make_repository(tmp_path / "shop", some_do_nearly_all(Random(1)))
    plan = CollectOptions(tmp_path / "costs", tmp_path / "cache", "2026-10")
    assert collect([str(shop)], plan, lambda *_: None).published > 105
    assert collect([str(shop)], plan, lambda *_: None).files == {}


@pytest.mark.slow
def test_the_one_month_that_is_in_no_cell_is_no_difference_of_the_report_and_the_cells(tmp_path: Path) -> None:
    """The report joins it with its neighbour, whose cells must not all be published then."""
    works = some_do_nearly_all(Random(6))
    shop = make_repository(tmp_path / "shop", works)
    costs = tmp_path / "costs"
    collect([str(shop)], CollectOptions(costs, tmp_path / "cache", "2026-10"), lambda *_: None)
    figures: dict[str, Figure] = {}
    amounts = seen_in(costs, figures)
    figures |= seen_in_report(shop, tmp_path / "cache", "2026-10-31", parts_of(works))
    assert unsafe_differences(World({work.id: work.who for work in works}, amounts, figures)) == []


@pytest.mark.slow
@pytest.mark.parametrize(("sizes", "is_published"), [((4, 2, 1), False), ((4, 1, 2), False), ((3, 2, 3), True)])
def test_a_cell_of_several_repositories_is_safe_without_any_one_of_them(
    tmp_path: Path, sizes: tuple[int, ...], is_published: bool
) -> None:
    """Whoever has the report of one repository may know its part: what three others did is too little."""
    repositories: list[Path] = []
    for number, size in enumerate(sizes):
        people = "abcdefgh"[sum(sizes[:number]) :][:size]
        works = team(people, "2026-07-05", "api", name=f"r{number}")
        repositories.append(make_repository(tmp_path / f"r{number}", works))
    costs = tmp_path / "costs"
    collect([str(one) for one in repositories], CollectOptions(costs, tmp_path / "cache", MONTHS[-1]), lambda *_: None)
    figures: dict[str, Figure] = {}
    amounts = seen_in(costs, figures)
    assert len(amounts) == sum(sizes)
    assert {len(figure) for figure in figures.values()} == ({sum(sizes)} if is_published else set())
