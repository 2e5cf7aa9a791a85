from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path

import pytest

from support.hooked import NO_HOOKS, Hooked


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to `make slow` all pairs of what a test is run with: otherwise a test that is worth running both ways is
    run served once, with its first values and in a plain clone."""
    served = set[tuple[Path, str]]()
    for item in items:
        values = item.callspec.params if isinstance(item, pytest.Function) and hasattr(item, "callspec") else {}
        if values.get("way") != "served":
            continue
        test = (item.path, item.name.partition("[")[0])
        if values.get("repo", "plain") != "plain" or test in served:
            item.add_marker(pytest.mark.slow)
        served.add(test)


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
    hooked = Hooked(tmp_path, enabled=False)
    if kind == "chained":
        hooked.chain()
    hooked.enable()
    hooked.change("root")
    hooked.git(*NO_HOOKS, "commit", "-q", "-m", "root")
    hooked.now += 1
    if kind == "linked":
        hooked.link()
    with hooked.serve() if way == "served" else nullcontext():
        yield hooked
    if kind == "chained":
        assert "post-commit" in (hooked.common_dir / "ran").read_text(), "the other manager's hooks did not run"
