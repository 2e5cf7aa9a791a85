"""An assistant and its lab for each test."""

from collections.abc import Iterator
from pathlib import Path

import pytest

from real_assistants.assistants import ASSISTANTS, Assistant, stop_daemons
from real_assistants.lab import Lab
from tokcost.readers.registry import readers


@pytest.fixture(params=ASSISTANTS, ids=lambda one: one.name)
def lab(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Lab]:
    assistant: Assistant = request.param
    if not assistant.is_installed:
        pytest.skip(f"{assistant.program} is not installed: make assistants installs it")
    if assistant.name not in [reader.name for reader in readers()]:
        pytest.skip(f"{assistant.name} has no reader")
    yield Lab(tmp_path, assistant)
    stop_daemons(tmp_path / "home")
