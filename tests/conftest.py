import gc
import itertools
import os
import re
import signal
from collections import defaultdict
from pathlib import Path

import hypothesis
import pytest

# How long an example takes on a busy machine says nothing about the code.
hypothesis.settings.register_profile("patient", deadline=None)
hypothesis.settings.load_profile("patient")


# A shell has what it starts with `&` ignore Ctrl-C, and so would every program that a test starts and interrupts.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: a test that waits for git or a server leaves its processor idle."""
    return (os.cpu_count() or 1) + 1


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Leave to `make slow` all cases of a test marked `few` but the first and the last of those that are left."""
    cases = defaultdict[tuple[Path, str], list[pytest.Item]](list)
    for item in items:
        if item.get_closest_marker("few") and not item.get_closest_marker("slow"):
            cases[item.path, item.nodeid.partition("[")[0]].append(item)
    for case in (case for several in cases.values() for case in several[1:-1]):
        case.add_marker(pytest.mark.slow)


def pytest_collection_finish() -> None:
    """Look at thousands of tests and their modules no more when garbage is collected: they stay to the end."""
    gc.collect()
    gc.freeze()


_numbers = itertools.count()


@pytest.fixture
def tmp_path(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder of its own for each test. pytest's own fixture looks for a free number among the folders of all tests
    before, which takes milliseconds when there are thousands."""
    name = re.sub(r"\W", "_", request.node.name)[:27]
    return tmp_path_factory.mktemp(f"{name}{next(_numbers)}", numbered=False)
