"""Readers of other packages."""

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tokcost.errors import EnvironmentProblem
from tokcost.readers import registry
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


def settle(packages: Path) -> None:
    os.utime(packages, (1_700_000_000, 1_700_000_000))


def test_a_folder_of_packages_is_searched_again_once_it_has_changed(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(registry, "KNOWN", {})
    settle(packages)
    assert [reader.name for reader in readers()] == ["claude-code", "codex"]
    assert registry.KNOWN[str(packages)] == (1_700_000_000 * 10**9, [])
    (packages / "other_reader.py").write_text(MODULE)
    register(packages, "other_reader:OtherReader")
    readers.cache_clear()
    assert [reader.name for reader in readers()][2:] == ["other"]


def test_a_folder_that_has_only_just_changed_is_searched_each_time(
    packages: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A package's folder is there before the file that registers its reader."""
    monkeypatch.setattr(registry, "KNOWN", {})
    readers()
    assert str(packages) not in registry.KNOWN
    assert not registry.is_ours_alone()


def test_we_are_alone_where_that_is_known(packages: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "KNOWN", {})
    monkeypatch.setattr(sys, "path", [str(packages)])
    settle(packages)
    assert not registry.is_ours_alone()
    readers()
    assert registry.is_ours_alone()
    (packages / "other_reader.py").write_text(MODULE)
    register(packages, "other_reader:OtherReader")
    settle(packages)
    readers.cache_clear()
    registry.KNOWN.clear()
    readers()
    assert not registry.is_ours_alone()
