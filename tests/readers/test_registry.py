"""Readers of other packages."""

import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tokcost.errors import EnvironmentProblem
from tokcost.readers.registry import readers

MODULE = """
from pathlib import Path
from tokcost.model.logs import Batch, Checkpoint
from tokcost.model.usage import Tokens, Usage

class OtherReader:
    name = "other"
    def roots(self, environ): return [Path(environ["HOME"]) / "other"]
    def discover(self, root): return []
    def read(self, file, checkpoint):
        return Batch(Checkpoint(file.size, file.mtime_ns, file.device, file.inode, file.size, b""), [])
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "site-packages"
    (folder / "other_reader-1.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(folder))
    readers.cache_clear()
    yield folder
    sys.modules.pop("other_reader", None)
    readers.cache_clear()


def register(packages: Path, target: str) -> None:
    text = f"[console_scripts]\nx = y:z\n\n[tokcost.readers]\nother = {target}\n"
    (packages / "other_reader-1.0.dist-info/entry_points.txt").write_text(text)


def test_ours_come_first() -> None:
    assert [reader.name for reader in readers()][:2] == ["claude-code", "codex"]


def test_a_reader_registered_by_another_package_is_used(packages: Path) -> None:
    (packages / "other_reader.py").write_text(MODULE)
    register(packages, "other_reader:OtherReader")
    assert [reader.name for reader in readers()] == ["claude-code", "codex", "other"]


def test_a_reader_that_cannot_be_loaded_is_named_in_a_sentence(packages: Path) -> None:
    register(packages, "other_reader:Missing")
    with pytest.raises(EnvironmentProblem, match="other_reader:Missing"):
        readers()


def test_a_reader_is_found_as_soon_as_its_package_is_there(packages: Path) -> None:
    assert [reader.name for reader in readers()] == ["claude-code", "codex"]
    (packages / "other_reader.py").write_text(MODULE)
    register(packages, "other_reader:OtherReader")
    readers.cache_clear()
    assert [reader.name for reader in readers()][2:] == ["other"]
