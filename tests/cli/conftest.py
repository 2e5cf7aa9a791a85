import os
import subprocess
from pathlib import Path

import pytest

from support.machine import Machine
from support.samples import unpack


@pytest.fixture(scope="session")
def machine(tmp_path_factory: pytest.TempPathFactory) -> Machine:
    scratch = tmp_path_factory.mktemp("machine")
    sample = unpack("claude-2.1.330/S5-switch", scratch)
    return Machine(sample.repo, _environ(sample.home, scratch / "tokcost"), sample.truth)


@pytest.fixture
def empty_machine(tmp_path: Path) -> Machine:
    repo = tmp_path / "repo"
    subprocess.run(["git", "init", "--quiet", str(repo)], check=True)
    return Machine(repo, _environ(tmp_path / "home", tmp_path / "tokcost"), {})


def _environ(home: Path, tokcost_home: Path) -> dict[str, str]:
    kept = {name: os.environ[name] for name in ("PATH", "PYTHONPATH", "COVERAGE_PROCESS_START") if name in os.environ}
    return {**kept, "HOME": str(home), "TOKCOST_HOME": str(tokcost_home), "TERM": "xterm-256color", "LANG": "C.UTF-8"}
