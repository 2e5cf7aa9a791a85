"""The house rules: what keeps the code small, light and honest."""

import ast
import re
import subprocess
import sys
from pathlib import Path

import click
import pytest

from tokcost.cli.main import COMMANDS, tokcost

ROOT = Path(__file__).parent.parent.parent
ROOTS = (ROOT / "lsp_server/tokcost", ROOT / "hooks/tokcost_hooks")
MODULES = sorted(path for root in ROOTS for path in root.rglob("*.py"))
IDS = [str(path.relative_to(ROOT)) for path in MODULES]


def code_lines(tree: ast.AST, text: str) -> int:
    """Lines that hold code: no blanks, comments or docstrings."""
    docs: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            docs.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(text.splitlines(), start=1)
    return sum(1 for number, line in lines if number not in docs and line.strip() and not line.strip().startswith("#"))


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_a_module_fits_in_the_head_and_a_function_on_a_screen(path: Path) -> None:
    text = path.read_text(encoding="utf-8")
    tree = ast.parse(text)
    # An assistant's format is one file, however long its history: one place to look.
    assert code_lines(tree, text) <= (350 if path.parent.name == "readers" else 300)
    for node in ast.walk(tree):
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef):
            assert (node.end_lineno or 0) - node.lineno <= 50, node.name


@pytest.mark.parametrize("path", MODULES, ids=IDS)
def test_every_module_says_why_it_exists(path: Path) -> None:
    assert ast.get_docstring(ast.parse(path.read_text(encoding="utf-8")))


def test_each_source_root_holds_one_package_and_nothing_else() -> None:
    for root in ("lsp_server", "hooks"):
        found = {path.name for path in (ROOT / root).iterdir() if path.name != "__pycache__"}
        assert found == {"tokcost" if root == "lsp_server" else "tokcost_hooks"}


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name.decode() for name in names.split(b"\0") if name]


def test_no_tracked_file_names_a_machine_or_a_registry() -> None:
    forbidden = re.compile(rb"/root/|/work/main|pypi\.org|npmjs\.org|registry\.npm|files\.pythonhosted")
    for path in tracked():
        if path.is_file() and path.suffix not in (".gz",) and path != Path(__file__):
            assert not forbidden.search(path.read_bytes()), path


def leaves(command: click.Command, name: str) -> list[tuple[str, click.Command]]:
    if not isinstance(command, click.Group):
        return [(name, command)]
    context = click.Context(command)
    found: list[tuple[str, click.Command]] = []
    for child in command.list_commands(context):
        got = command.get_command(context, child)
        assert got is not None
        found.extend(leaves(got, f"{name} {child}"))
    return found


@pytest.mark.parametrize(("name", "command"), leaves(tokcost, "tokcost"))
def test_every_command_has_help_with_an_example(name: str, command: click.Command) -> None:
    assert command.help
    assert re.search(rf"Examples?:\n(.*\n)*\s*{name}", command.help), name
    for parameter in command.params:
        if isinstance(parameter, click.Option):
            assert parameter.help, (name, parameter.name)


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_every_command_is_in_the_readme(name: str) -> None:
    assert f"`tokcost {name}" in (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_readmes_make_targets_exist() -> None:
    targets = re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    named = set(re.findall(r"^make ([a-z]+)$", readme, re.MULTILINE))
    assert named == {"demo", "test"}
    assert named <= set(targets)


def test_the_readmes_files_exist() -> None:
    for page in ("README.md", "CONTRIBUTING.md"):
        for link in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text(encoding="utf-8")):
            assert (ROOT / link).exists(), (page, link)


@pytest.mark.parametrize("command", ["log", "status", "doctor"])
def test_a_command_that_is_asked_often_imports_nothing_heavy(command: str, tmp_path: Path) -> None:
    code = (
        f"import sys; import tokcost.cli.commands.{command};"
        "heavy = {'rich', 'genai_prices', 'sqlite_utils', 'zstandard', 'pydantic', 'multiprocessing', 'asyncio'};"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "[]"
