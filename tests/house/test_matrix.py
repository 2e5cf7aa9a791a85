"""`make matrix`: the tests on every supported Python that is there."""

import os
import re
import subprocess
import sys
import tomllib
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent.parent
OURS = f"{sys.version_info.major}.{sys.version_info.minor}"


@pytest.fixture
def path(tmp_path: Path) -> str:
    """A PATH with the Python that runs this, under the name of its version; a link would lose its library."""
    python = tmp_path / f"python{OURS}"
    python.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n', encoding="utf-8")
    python.chmod(0o755)
    return f"{tmp_path}{os.pathsep}/usr/bin{os.pathsep}/bin"


def matrix(path: str, *versions: str, make: str, **more: str) -> tuple[int, list[str]]:
    """How it ends and what it prints; `make` runs in the place of make."""
    done = subprocess.run(
        ["sh", ROOT / ".ci/matrix.sh", *versions],
        env={"PATH": path, "MAKE": make} | more,
        capture_output=True,
        text=True,
        check=False,
    )
    return done.returncode, done.stdout.splitlines()


def test_each_python_has_its_line_at_the_end(path: str) -> None:
    code, said = matrix(path, OURS, "3.99", make="true")
    assert (code, said[-2:]) == (0, [f"Python {OURS}: passed", "Python 3.99: not there"])


def test_it_fails_when_the_tests_fail_on_one(path: str) -> None:
    code, said = matrix(path, OURS, "3.99", make="false")
    assert (code, said[-2:]) == (1, [f"Python {OURS}: failed", "Python 3.99: not there"])


def test_a_name_that_starts_another_version_is_not_that_python(path: str) -> None:
    folder = Path(path.split(os.pathsep)[0])
    (folder / "python3.99").symlink_to(folder / f"python{OURS}")
    assert matrix(path, "3.99", make="true") == (0, ["Python 3.99: not there", "The tests ran on no Python."])


def test_no_python_is_begun_when_the_time_is_over(path: str) -> None:
    _, said = matrix(path, OURS, make="false", MATRIX_SECONDS="0")
    assert said[0] == f"Python {OURS}: not tried: no time left"


def test_the_pythons_that_make_tests_are_those_that_the_package_names() -> None:
    project = tomllib.loads((ROOT / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    named = re.findall(r"Python :: (3\.\d+)", "\n".join(project["classifiers"]))
    (tested,) = re.findall(r"^PYTHONS := (.*)$", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    assert tested.split() == named
    assert project["requires-python"] == f">={named[0]}"
