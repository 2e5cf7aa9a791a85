from collections import defaultdict
from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from support.hooked import Hooked

WAYS = {"way": "alone", "repo": "plain"}
"""What a test is run with besides values of its own, and what comes first."""
IN_EACH_WAY = {"test_commits.py", "test_amends.py", "test_rebases.py", "test_budget.py", "test_guard.py"}
"""The files of which `make test` runs a test in each way."""


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """Run every test of a repository both ways, unless it says which (`support.hooked.alone`)."""
    says = any(mark.args[0] == "way" for mark in metafunc.definition.iter_markers("parametrize"))
    if "repo" in metafunc.fixturenames and not says:
        metafunc.parametrize("way", ["alone", "served"], indirect=True)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to `make slow` what goes over the same ground: all tests that are run served, in a linked worktree or
    behind another manager, but the first of each kind in `IN_EACH_WAY`; and of a test that is run with all combinations
    of several values, those that bring no new value."""
    tests = defaultdict[tuple[Path, str], list[pytest.Function]](list)
    here = Path(__file__).parent
    for item in items:  # those of all folders
        if isinstance(item, pytest.Function) and hasattr(item, "callspec") and item.path.is_relative_to(here):
            tests[item.path, item.originalname].append(item)
    seen = set[tuple[object, ...]]()
    for (path, _), cases in tests.items():
        combinations = [_combination(case) for case in cases]
        chosen = _each_value_once(combinations)
        for case, combination in zip(cases, combinations, strict=True):
            if case.get_closest_marker("slow"):
                continue
            values = case.callspec.params
            further = [values[name] for name, first in WAYS.items() if values.get(name, first) != first]
            kind = (path, *further)
            is_first = kind not in seen and path.name in IN_EACH_WAY
            if combination not in chosen or len(further) > 1 or (further and not is_first):
                case.add_marker(pytest.mark.slow)
            else:
                seen.add(kind)


def _combination(case: pytest.Function) -> tuple[str, ...]:
    """The values of a test's own that this case of it is run with: one for each `parametrize`."""
    names = [mark.args[0] for mark in case.iter_markers("parametrize") if mark.args[0] not in WAYS]
    split = [one.replace(",", " ").split() if isinstance(one, str) else one for one in names]
    return tuple(repr([case.callspec.params[name] for name in one]) for one in split)


def _each_value_once(combinations: list[tuple[str, ...]]) -> set[tuple[str, ...]]:
    """The combinations along the diagonal, which is as long as the longest list of values."""
    lists = [list(dict.fromkeys(values)) for values in zip(*combinations, strict=True)]
    longest = max(map(len, lists), default=0)
    return {tuple(values[number % len(values)] for values in lists) for number in range(max(longest, 1))}


@pytest.fixture(autouse=True)
def way(request: pytest.FixtureRequest) -> str:
    """How hooks are worked on: `alone`, each in its process, or `served`, by the server of an open editor."""
    return getattr(request, "param", "alone")


@pytest.fixture
def repo(tmp_path: Path, request: pytest.FixtureRequest, way: str) -> Iterator[Hooked]:
    """A repository with a first commit and exact cost lines switched on.

    As `linked` the work is done in a linked worktree; as `chained` another manager's hooks were there before ours.
    """
    kind = getattr(request, "param", "plain")
    starts = any(map(request.node.get_closest_marker, ("slow", "own_start")))
    forks = way == "alone" and kind != "chained" and not starts
    hooked = Hooked(tmp_path, enabled=kind != "chained", rooted=True, forks=forks)
    if kind == "chained":
        hooked.chain()
        hooked.enable()
    if kind == "linked":
        hooked.link()
    with hooked.serve() if way == "served" else nullcontext():
        yield hooked
    if kind == "chained":
        assert "post-commit" in (hooked.common_dir / "ran").read_text(), "the other manager's hooks did not run"
