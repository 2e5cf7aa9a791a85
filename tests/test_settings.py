from pathlib import Path

import pytest
from platformdirs import user_data_path

from tokcost.settings import tokcost_home


def test_tokcost_home_says_where() -> None:
    assert tokcost_home({"TOKCOST_HOME": "/srv/tokcost"}) == Path("/srv/tokcost")


def test_a_relative_home_and_a_tilde_become_absolute(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("HOME", "/home/ada")
    assert tokcost_home({"TOKCOST_HOME": "kept"}) == tmp_path / "kept"
    assert tokcost_home({"TOKCOST_HOME": "~/kept"}) == Path("/home/ada/kept")


def test_without_it_the_platforms_folder_for_user_data_is_taken(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("XDG_DATA_HOME", "/home/ada/data")
    for environ in ({}, {"TOKCOST_HOME": ""}):
        assert tokcost_home(environ).name == "tokcost"


PLAIN = {"HOME": "/home/ada"}


@pytest.mark.parametrize(
    "environ",
    [
        PLAIN,
        PLAIN | {"XDG_DATA_HOME": "/home/ada/data"},
        PLAIN | {"XDG_DATA_HOME": ""},
        PLAIN | {"XDG_DATA_HOME": " "},
        PLAIN | {"XDG_DATA_HOME": "relative"},
        PLAIN | {"XDG_DATA_HOME": "~/data"},
        {"HOME": "/"},
        {"HOME": "relative"},
        {"HOME": ""},
        PLAIN | {"ANDROID_ROOT": "/system", "ANDROID_DATA": "/data"},
        {},
    ],
)
def test_it_is_the_folder_that_platformdirs_names(environ: dict[str, str], monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HOME", "XDG_DATA_HOME", "ANDROID_ROOT", "ANDROID_DATA"):
        monkeypatch.delenv(name, raising=False)
    for name, value in environ.items():
        monkeypatch.setenv(name, value)
    assert tokcost_home(environ) == user_data_path("tokcost", appauthor=False)
