"""The `tokcost` program is a shell script that finds the Python it was installed for, wherever and however that was."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

STARTER = Path(__file__).parent.parent.parent / "lsp_server/tokcost/cli/tokcost.sh"
VERSION = "tokcost "


def install(folder: Path, first_lines: str | None, python: str = "python") -> Path:
    """The starter as an installer leaves it: beside the script that names the interpreter."""
    folder.mkdir(parents=True)
    shutil.copy(STARTER, folder / "tokcost")
    interpreter = folder / python
    interpreter.parent.mkdir(exist_ok=True)
    interpreter.write_text(f'#!/bin/sh\nexec "{sys.executable}" "$@"\n')
    interpreter.chmod(0o755)
    if first_lines is not None:
        (folder / "tokcost-hook").write_text(first_lines.replace("PYTHON", str(interpreter)) + "\nimport sys\n")
    return folder / "tokcost"


def run(*command: str | Path, cwd: Path | None = None, **environ: str) -> str:
    done = subprocess.run(
        [*command, "--version"], cwd=cwd, env=os.environ | environ, check=False, capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.parametrize(
    ("folder", "lines"),
    [
        pytest.param("bin", "#!PYTHON", id="pip"),
        pytest.param("b in", "#!/bin/sh\n'''exec' \"PYTHON\" \"$0\" \"$@\"\n' '''", id="pip, a blank"),
        pytest.param("x" * 200, "#!/bin/sh\n'''exec' PYTHON \"$0\" \"$@\"\n' '''", id="pip, a long path"),
        pytest.param("b in", "#!/bin/sh\n'''exec' 'PYTHON' \"$0\" \"$@\"\n' '''", id="uv, a blank"),
    ],
)
def test_the_interpreter_is_the_one_that_the_installer_wrote_down(tmp_path: Path, folder: str, lines: str) -> None:
    starter = install(tmp_path / folder, lines, python="elsewhere/python3")
    assert run(starter).startswith(VERSION)


@pytest.mark.parametrize(
    "lines",
    [
        pytest.param(None, id="nothing beside it"),
        pytest.param("#!/nowhere/python", id="moved"),
        pytest.param(
            "#!/bin/sh\n'''exec' \"$(dirname -- \"$(realpath -- \"$0\")\")\"/'python' \"$0\" \"$@\"\n' '''",
            id="uv, relocatable",
        ),
    ],
)
def test_an_interpreter_that_is_gone_gives_way_to_the_one_beside_the_script(tmp_path: Path, lines: str | None) -> None:
    assert run(install(tmp_path / "bin", lines)).startswith(VERSION)


def test_it_is_found_through_links(tmp_path: Path) -> None:
    starter = install(tmp_path / "venv/bin", "#!PYTHON", python="elsewhere/python3")
    (tmp_path / "bin").mkdir()
    (tmp_path / "bin/absolute").symlink_to(starter)
    (tmp_path / "bin/relative").symlink_to("../venv/bin/tokcost")
    (tmp_path / "bin/tokcost").symlink_to("relative")
    for name in ("absolute", "relative", "tokcost"):
        assert run(tmp_path / "bin" / name).startswith(VERSION)
    assert run("tokcost", PATH=f"{tmp_path / 'bin'}{os.pathsep}{os.environ['PATH']}").startswith(VERSION)


def test_the_shell_may_be_given_its_bare_name(tmp_path: Path) -> None:
    starter = install(tmp_path / "bin", "#!PYTHON", python="elsewhere/python3")
    assert run("sh", "tokcost", cwd=starter.parent).startswith(VERSION)


def test_packages_in_the_folder_that_it_was_installed_to_are_found(tmp_path: Path) -> None:
    starter = install(tmp_path / "target/bin", "#!PYTHON", python="elsewhere/python3")
    package = tmp_path / "target/tokcost/cli"
    package.mkdir(parents=True)
    for name in ("tokcost/__init__.py", "tokcost/cli/__init__.py"):
        (tmp_path / "target" / name).write_text("")
    (package / "start.py").write_text("def main() -> None:\n    print('the one in the target')\n")
    assert run(starter) == "the one in the target\n"
    assert run("./tokcost", cwd=starter.parent) == "the one in the target\n"


def test_arguments_and_exit_codes_pass_through(tmp_path: Path) -> None:
    starter = install(tmp_path / "bin", "#!PYTHON")
    done = subprocess.run([starter, "log", "--no such 'option'"], check=False, capture_output=True, text=True)
    assert done.returncode == 2
    assert "--no such 'option'" in done.stderr.splitlines()[-1]


def test_python_can_run_it_too(tmp_path: Path) -> None:
    starter = install(tmp_path / "bin", "#!/nowhere/python")
    assert run(sys.executable, starter).startswith(VERSION)
    (tmp_path / "bin/own").write_text(f"#!{sys.executable}\n" + starter.read_text().split("\n", 1)[1])
    (tmp_path / "bin/own").chmod(0o755)
    assert run(tmp_path / "bin/own").startswith(VERSION)
