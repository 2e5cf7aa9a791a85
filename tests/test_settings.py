from pathlib import Path

import pytest

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
