"""`tokcost doctor` names what keeps tokcost from working; it says that nothing is wrong only where that is so."""

import json
import os
import subprocess
from pathlib import Path
from typing import Any

import pytest

from support import warm
from support.hooked import Hooked
from tokcost import __version__
from tokcost.services.omit_line import omit_line

needs_users = pytest.mark.skipif(not hasattr(os, "geteuid"), reason="needs modes of files")


def doctor(folder: Path, *words: str, **more: str) -> "subprocess.CompletedProcess[str]":
    home = folder / "home"
    home.mkdir(exist_ok=True)
    environ = {"HOME": str(home), "TOKCOST_HOME": str(home / "t"), "PATH": os.environ["PATH"]} | more
    return warm.tokcost("doctor", *words, cwd=folder, env=environ)


def findings(folder: Path, **more: str) -> dict[str, tuple[str, str]]:
    done = doctor(folder, "--json", **more)
    told: dict[str, Any] = json.loads(done.stdout)
    found = {
        row["subject"]: (row["found"], row["hint"]) for rows in told["parts"].values() for row in rows if row["finding"]
    }
    assert done.returncode == (1 if found else 0)
    assert told["findings"] == len(found)
    return found


def test_where_all_is_well_nothing_is_wrong_and_nothing_is_left_behind(tmp_path: Path) -> None:
    assert findings(tmp_path) == {}
    assert list((tmp_path / "home").iterdir()) == []


def test_a_file_in_the_place_of_the_ledgers_folder_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    found, hint = findings(tmp_path, TOKCOST_HOME=str(tmp_path / "file/deeper"))["folder"]
    assert found.startswith(f"{tmp_path}/file cannot be written, so no usage is recorded: ")
    assert hint.endswith("Or set TOKCOST_HOME to another folder.")


@pytest.mark.skipif(not os.path.isdir("/proc/self"), reason="needs a folder in which nobody can make a file")
def test_a_folder_that_cannot_be_made_is_a_finding_whoever_asks(tmp_path: Path) -> None:
    assert findings(tmp_path, TOKCOST_HOME="/proc/nobody/tokcost")["folder"][0].startswith("/proc cannot be written")


@needs_users
@pytest.mark.skipif(not hasattr(os, "geteuid") or os.geteuid() == 0, reason="root may write everywhere")
def test_a_folder_that_may_only_be_read_is_a_finding(tmp_path: Path) -> None:
    (tmp_path / "closed").mkdir(0o500)
    assert "Permission denied" in findings(tmp_path, TOKCOST_HOME=str(tmp_path / "closed/t"))["folder"][0]


@needs_users
def test_a_folder_of_all_users_is_a_finding_before_there_is_a_ledger(tmp_path: Path) -> None:
    (tmp_path / "shared").mkdir()
    (tmp_path / "shared").chmod(0o1777)
    found, _ = findings(tmp_path, TOKCOST_HOME=str(tmp_path / "shared"))["folder"]
    assert found.startswith("the ledger cannot be kept there: ")


def test_something_else_in_the_place_of_the_ledger_is_a_finding_among_the_others(tmp_path: Path) -> None:
    (tmp_path / "home/t/ledger.db").mkdir(parents=True)
    (tmp_path / "home/t").chmod(0o700)
    found = findings(tmp_path, TOKCOST="off")
    assert found["file"][0].endswith("ledger.db is a folder, not a file")
    assert "environment" in found


def test_without_git_the_other_checks_are_made_all_the_same(tmp_path: Path) -> None:
    (tmp_path / "empty").mkdir()
    assert findings(tmp_path, PATH=str(tmp_path / "empty"))["settings"][0] == "not checked: git was not found"


def test_a_relative_home_is_a_finding_since_each_folder_has_a_ledger_then(tmp_path: Path) -> None:
    found, hint = findings(tmp_path, TOKCOST_HOME="kept")["folder"]
    assert found == "TOKCOST_HOME is 'kept', which is not an absolute path, so each folder has another ledger"
    assert hint == "Write it as an absolute path, or beginning with ~/."
    assert "folder" not in findings(tmp_path, TOKCOST_HOME="~/kept")


@pytest.mark.parametrize("value", ["off", "0", "No", "FALSE"])
def test_a_switch_for_one_commit_that_is_set_for_all_is_a_finding(tmp_path: Path, value: str) -> None:
    found, hint = findings(tmp_path, TOKCOST=value)["environment"]
    assert found.startswith(f"TOKCOST={value} is set in this environment: commits made from here carry no line")
    assert "`unset TOKCOST`" in hint


@pytest.mark.parametrize("name", ["TOKCOST", "TOKCOST_GUARD"])
def test_a_switch_with_a_value_that_switches_nothing_is_a_finding(tmp_path: Path, name: str) -> None:
    found, hint = findings(tmp_path, **{name: "disabled"})["environment"]
    assert found.startswith(f"{name} is 'disabled', which is not a value that tokcost knows, so ")
    assert hint == f"Write {name}=off, or run `unset {name}`."
    for value in ("", "on", "1"):
        assert findings(tmp_path, **{name: value}) == {}


def test_a_crash_of_this_version_is_a_finding_until_its_log_is_deleted(tmp_path: Path) -> None:
    home = tmp_path / "home/t"
    home.mkdir(parents=True, mode=0o700)
    (home / "crash-20260101T000000Z-1.txt").write_text("tokcost 0.0.1\nPython\n")
    assert findings(tmp_path) == {}
    log = home / "crash-20260102T000000Z-1.txt"
    log.write_text(f"tokcost {__version__}\nPython\n")
    found, hint = findings(tmp_path)["crashes"]
    assert found == f"1 crash log of this version, the last one {log}"
    assert "delete it" in hint
    log.unlink()
    assert findings(tmp_path) == {}


def test_the_hooks_and_the_preview_tell_that_no_commit_made_here_carries_a_line(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, enabled=False)
    repo.enable()
    repo.commit()
    repo.spend()
    said = "TOKCOST=off is set in this environment: commits made from here carry no line"
    status = repo.tokcost("hooks", "status", TOKCOST="off")
    assert status.returncode == 1
    assert said in " ".join(status.stdout.split())
    assert f"not written: {said}" in repo.tokcost("preview", TOKCOST="off").stdout
    shown = json.loads(repo.tokcost("preview", "--json", TOKCOST="off").stdout)
    assert (shown["enabled"], said in shown["problem"]) == (False, True)
    assert "not written" not in repo.tokcost("preview").stdout
    assert repo.tokcost("hooks", "status").returncode == 0


def test_the_preview_tells_that_an_editor_asked_for_a_commit_without_a_line(tmp_path: Path) -> None:
    repo = Hooked(tmp_path, rooted=True)
    repo.spend()
    omit_line(repo.ledger_home, repo.worktree)
    assert "not written: an editor has asked for one commit without a line" in repo.tokcost("preview").stdout
    assert json.loads(repo.tokcost("preview", "--json").stdout)["enabled"] is False
