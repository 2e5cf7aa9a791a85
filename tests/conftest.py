import os

import pytest


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are processors: a test that waits for git or a server leaves its processor idle."""
    return (os.cpu_count() or 1) + 1
