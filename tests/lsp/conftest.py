from pathlib import Path

import pytest

from support.hooked import Hooked


@pytest.fixture
def repo(tmp_path: Path) -> Hooked:
    """A repository with a first commit and nothing agreed to."""
    hooked = Hooked(tmp_path, enabled=False)
    hooked.change("root")
    hooked.git("commit", "-q", "-m", "root")
    return hooked


@pytest.fixture
def agreed(tmp_path: Path) -> Hooked:
    """A repository with a first commit and exact cost lines switched on."""
    hooked = Hooked(tmp_path)
    hooked.change("root")
    hooked.git("commit", "-q", "-m", "root")
    return hooked
