from pathlib import Path

import pytest

from support.worked import Worked


@pytest.fixture
def worked(tmp_path: Path) -> Worked:
    return Worked(tmp_path)
