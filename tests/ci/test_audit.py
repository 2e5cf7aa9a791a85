"""The audit of pinned packages: one that could not be looked up is counted, and is never one without a known hole."""

import json
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

ROOT = Path(__file__).parent.parent.parent
FOLDERS = ("vscode-client", ".ci/galleries", "tests/editors/code-server", "tests/real_assistants/npm")
UNKNOWN = {"name": "b", "skip_reason": "Dependency not found on PyPI and could not be audited: b (2)"}
SOUND = {"name": "a", "version": "1", "vulns": []}
HOLE = {"name": "a", "version": "1", "vulns": [{"id": "PYSEC-1"}]}
NO_SERVICE = {"message": "405 Method Not Allowed - POST https://registry.example/bulk", "error": {"summary": ""}}
NONE: dict[str, Any] = {"vulnerabilities": {}}


def audited(folder: Path, python: Any, npm: Any) -> "subprocess.CompletedProcess[str]":
    """An audit of one file of requirements and of four locks, of two packages each, with these answers of the two
    programs; `None` for one that only fails."""
    (folder / "requirements").mkdir()
    (folder / "requirements/run.txt").write_text("# pinned\na==1\nb==2  # why\n")
    for name in FOLDERS:
        (folder / name).mkdir(parents=True)
        packages = {"": {}, "node_modules/x": {}, "node_modules/x/node_modules/y": {}}
        (folder / name / "package-lock.json").write_text(json.dumps({"packages": packages}))
    for program, answer in (("pip-audit", python), ("npm", npm)):
        said = "echo 'no route to host' >&2; exit 1" if answer is None else f"cat <<'END'\n{json.dumps(answer)}\nEND"
        (folder / program).write_text(f"#!/bin/sh\n{said}\n")
        (folder / program).chmod(0o755)
    shutil.copy(ROOT / ".ci/audit.py", folder / ".ci/audit.py")
    path = f"{folder}:/usr/bin:/bin"
    return subprocess.run(
        [sys.executable, ".ci/audit.py", folder / "pip-audit"],
        cwd=folder, env={"PATH": path}, capture_output=True, text=True, check=False,
    )  # fmt: skip


def test_every_folder_with_a_lock_file_is_audited(tmp_path: Path) -> None:
    tracked = subprocess.run(["git", "ls-files", "*package-lock.json"], cwd=ROOT, capture_output=True, text=True)
    if tracked.returncode:
        pytest.skip("no checkout")
    assert {str(Path(name).parent) for name in tracked.stdout.split()} == set(FOLDERS)
    said = audited(tmp_path, {"dependencies": [SOUND, SOUND]}, NONE)
    assert (said.returncode, said.stderr) == (0, "")
    assert [name for name in FOLDERS if f"== {name}: 2 of 2 packages audited" not in said.stdout] == []
    assert said.stdout.endswith("\n10 of 10 packages audited.\n")


def test_a_package_that_could_not_be_audited_is_named_and_counted(tmp_path: Path) -> None:
    said = audited(tmp_path, {"dependencies": [SOUND, UNKNOWN]}, NONE)
    assert said.returncode == 0
    assert "== requirements/run.txt: 1 of 2 packages audited" in said.stdout
    assert "not audited: b: Dependency not found on PyPI" in said.stdout
    assert "9 of 10 packages audited; 1 COULD NOT BE AUDITED" in said.stdout


@pytest.mark.few
@pytest.mark.parametrize("python", [None, {"dependencies": [UNKNOWN, UNKNOWN]}], ids=["no answer", "not found"])
@pytest.mark.parametrize("npm", [None, NO_SERVICE], ids=["no answer", "refused"])
def test_without_a_service_nothing_fails_and_nothing_counts_as_audited(python: Any, npm: Any, tmp_path: Path) -> None:
    said = audited(tmp_path, python, npm)
    assert said.returncode == 0
    assert "NOTHING WAS AUDITED: none of 10 packages" in said.stdout
    assert "no known" not in said.stdout.lower()


@pytest.mark.parametrize(
    ("python", "npm", "shown"),
    [
        ([HOLE, UNKNOWN], NONE, "hole: a 1: PYSEC-1"),
        ([SOUND, SOUND], {"vulnerabilities": {"x": {"severity": "high"}}}, "hole: x: high"),
    ],
)
def test_a_known_hole_fails(python: list[Any], npm: Any, shown: str, tmp_path: Path) -> None:
    said = audited(tmp_path, {"dependencies": python}, npm)
    assert said.returncode == 1
    assert shown in said.stdout


def test_a_hole_of_low_severity_does_not(tmp_path: Path) -> None:
    assert (
        audited(tmp_path, {"dependencies": [SOUND, SOUND]}, {"vulnerabilities": {"x": {"severity": "low"}}}).returncode
        == 0
    )
