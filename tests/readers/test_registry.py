"""Readers of other packages."""

import sys
from collections.abc import Iterator
from pathlib import Path
from shutil import rmtree

import pytest

from tokcost.model.received import FROM_TEXT
from tokcost.readers import registry
from tokcost.readers.registry import broken_readers, readers, readers_of_used

OURS = [reader.name for reader in readers()]
ALWAYS = ["claude-code", "codex", "gemini-cli", "opencode"]

MODULE = """
from tokcost.model.logs import Batch, Location

class OtherReader:
    name = "other"
    def locations(self, environ): return [Location(environ["HOME"] + "/other")]
    def discover(self, location): return []
    def read(self, source, cursor): return [Batch(b"")]

class OldReader:
    name = "old"
    def roots(self, environ): return []
    def discover(self, root): return []
    def read(self, file, checkpoint): return None
"""


@pytest.fixture
def packages(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    folder = tmp_path / "site-packages"
    (folder / "other_reader-1.0.dist-info").mkdir(parents=True)
    monkeypatch.syspath_prepend(str(folder))
    registry.forget()
    yield folder
    sys.modules.pop("other_reader", None)
    registry.forget()


def register(packages: Path, target: str) -> None:
    text = f"[console_scripts]\nx = y:z\n\n[tokcost.readers]\nother = {target}\n"
    (packages / "other_reader-1.0.dist-info/entry_points.txt").write_text(text)


def test_ours_come_first() -> None:
    assert [reader.name for reader in readers()][:4] == ALWAYS


def test_a_reader_registered_by_another_package_is_used(packages: Path) -> None:
    (packages / "other_reader.py").write_text(MODULE)
    register(packages, "other_reader:OtherReader")
    assert [reader.name for reader in readers()] == [*OURS, "other"]


@pytest.mark.parametrize(
    "target", ["other_reader:Missing", "other_reader:OldReader", "no_such_module:Reader", "nonsense"]
)
def test_a_reader_that_cannot_be_used_stops_no_other(packages: Path, target: str) -> None:
    (packages / "other_reader.py").write_text(MODULE)
    register(packages, target)
    assert [reader.name for reader in readers()] == OURS
    (broken,) = broken_readers()
    assert broken.target == target
    assert broken.reason


@pytest.mark.parametrize(
    ("written", "broken"),
    [
        (b"no section\n[tokcost.readers", 1),
        (b"[tokcost.readers]\nother = \xe9t\xe9:Reader\n", 1),
        (b"[console_scripts]\n\xe9t\xe9 = x:y\n", 0),
    ],
)
def test_a_package_whose_registration_cannot_be_read_stops_nothing(packages: Path, written: bytes, broken: int) -> None:
    (packages / "other_reader-1.0.dist-info/entry_points.txt").write_bytes(written)
    registry.forget()
    assert [reader.name for reader in readers()] == OURS
    assert len(broken_readers()) == broken


def test_a_reader_is_found_as_soon_as_its_package_is_there(packages: Path) -> None:
    assert [reader.name for reader in readers()] == OURS
    (packages / "other_reader.py").write_text(MODULE)
    register(packages, "other_reader:OtherReader")
    registry.forget()
    assert [reader.name for reader in readers()][len(OURS) :] == ["other"]


@pytest.mark.parametrize(
    "variables",
    [
        (),
        ("XDG_DATA_HOME", "XDG_CONFIG_HOME", "APPDATA"),
        ("CLINE_DIR",),
        ("CLINE_SESSION_DATA_DIR",),
        ("GOOSE_PATH_ROOT",),
        ("PI_CODING_AGENT_DIR",),
        ("KIMI_CODE_HOME", "KIMI_SHARE_DIR"),
        ("JUNIE_HOME",),
        ("GROK_HOME",),
        ("MUX_ROOT",),
        ("XUM_ROOT",),
    ],
)
def test_a_reader_is_used_as_soon_as_there_is_something_at_one_of_its_places(
    tmp_path: Path, variables: tuple[str, ...]
) -> None:
    home = tmp_path / "home"
    environ = {"HOME": str(home), **{variable: str(home / variable) for variable in variables}}
    for reader in (one for one in readers() if one.name not in FROM_TEXT):
        for location in reader.locations(environ):
            folder = Path(location.path) if location.kind == "folder" else Path(location.path).parent
            folder.mkdir(parents=True)
            (folder / Path(location.path).name).touch()
            assert reader.name in [one.name for one in readers_of_used(environ)], location
            rmtree(home)


def test_readers_of_assistants_that_were_never_used_are_passed_over(tmp_path: Path) -> None:
    assert [reader.name for reader in readers_of_used({"HOME": str(tmp_path)})] == ALWAYS


def test_readers_are_passed_over_where_their_folders_are_empty(tmp_path: Path) -> None:
    environ = {"HOME": str(tmp_path)}
    for reader in readers():
        for location in reader.locations(environ):
            if location.kind == "folder" and reader.name not in ALWAYS:
                Path(location.path).mkdir(parents=True, exist_ok=True)
    used = {reader.name for reader in readers_of_used(environ)}
    assert used.isdisjoint({"copilot-cli", "qwen-code", "amp", "pi", "omp", "kimi", "junie", "grok", "mux"})
