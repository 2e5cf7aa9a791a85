"""The house rules: what keeps the code small, light and honest."""

import ast
import os
import re
import subprocess
import sys
from functools import cache
from math import inf
from pathlib import Path

import click
import pytest
from click.testing import CliRunner

from support.sources import parsed
from tokcost.cli.main import COMMANDS, tokcost
from tokcost.model.trailer import ID_ALPHABET, ID_LENGTH
from tokcost.repo.hooks_folder import hooks_folder
from tokcost.repo.worktree import find_worktree
from tokcost_hooks.installation.managers import hook_locations

ROOT = Path(__file__).parent.parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")
ROOTS = (ROOT / "lsp_server/tokcost", ROOT / "hooks/tokcost_hooks")
MODULES = sorted(path for root in ROOTS for path in root.rglob("*.py"))
NAMED = {str(path.relative_to(ROOT)): path for path in MODULES}


def code_lines(tree: ast.AST, text: str) -> int:
    """Lines that hold code: no blanks, comments or docstrings."""
    docs: set[int] = set()
    for node in ast.walk(tree):
        if isinstance(node, ast.Expr) and isinstance(node.value, ast.Constant) and isinstance(node.value.value, str):
            docs.update(range(node.lineno, (node.end_lineno or node.lineno) + 1))
    lines = enumerate(text.splitlines(), start=1)
    return sum(1 for number, line in lines if number not in docs and line.strip() and not line.strip().startswith("#"))


def most_lines(path: Path) -> float:
    """Lines of code that a module may have."""
    if path.name == "migrations.py":
        return inf  # its steps only ever grow in number
    # An assistant's format is one file, however long its history: one place to look.
    return 360 if path.parent.parent.name == "readers" else 300


def test_a_module_fits_in_the_head() -> None:
    lines = {name: code_lines(parsed(path), path.read_text(encoding="utf-8")) for name, path in NAMED.items()}
    assert {name: number for name, number in lines.items() if number > most_lines(NAMED[name])} == {}


def test_a_function_fits_on_a_screen() -> None:
    functions = ((name, node) for name, path in NAMED.items() for node in ast.walk(parsed(path)))
    assert [
        f"{name}: {node.name}"
        for name, node in functions
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef) and (node.end_lineno or 0) - node.lineno > 50
    ] == []


def test_every_module_says_why_it_exists() -> None:
    assert [name for name, path in NAMED.items() if not ast.get_docstring(parsed(path))] == []


BEGINS_WITH_A_QUESTION = re.compile(r"\s*(What|How|Where|Which|When|Who|Why)\b")


def strings_that_document(tree: ast.AST) -> list[str]:
    """The docstrings, and the strings below constants and fields that describe them."""
    found = [node.value for node in ast.walk(tree) if isinstance(node, ast.Expr)]
    return [value.value for value in found if isinstance(value, ast.Constant) and isinstance(value.value, str)]


def test_a_docstring_begins_with_its_subject() -> None:
    # A question makes a reader wait for what the thing is: its name or what it does comes first.
    documented = ((name, text) for name, path in NAMED.items() for text in strings_that_document(parsed(path)))
    assert [(name, text) for name, text in documented if BEGINS_WITH_A_QUESTION.match(text)] == []


POINTS_AT_ANOTHER = re.compile(r"\s*(The same\b(?! as `| \w+ (?:as|at|in)\b)|(\w+ )?[Ss]o (many|much|long|few)\b)")


def test_a_docstring_stands_by_itself() -> None:
    # An editor shows it alone: "the same" as what stood above, and "so many" as the value below, say nothing there.
    documented = ((name, text) for name, path in NAMED.items() for text in public_docstrings(parsed(path)))
    assert [(name, text) for name, text in documented if POINTS_AT_ANOTHER.match(text)] == []


def public_docstrings(tree: ast.Module) -> list[str]:
    """The docstrings of a module and of what others call, and the strings below constants and fields."""
    hidden = {
        ast.get_docstring(node, clean=False)
        for node in ast.walk(tree)
        if isinstance(node, ast.FunctionDef | ast.AsyncFunctionDef | ast.ClassDef) and node.name.startswith("_")
    }
    return [text for text in strings_that_document(tree) if text not in hidden]


def test_a_docstring_is_found_on_modules_functions_and_constants_alike() -> None:
    text = '"""Why."""\nA = 1\n"""What."""\ndef f():\n    """How."""\nclass C:\n    b: int\n    """When."""\n'
    assert len([one for one in strings_that_document(ast.parse(text)) if BEGINS_WITH_A_QUESTION.match(one)]) == 4


def test_each_source_root_holds_one_package_and_nothing_else() -> None:
    for root in ("lsp_server", "hooks"):
        found = {path.name for path in (ROOT / root).iterdir() if path.name != "__pycache__"}
        assert found == {"tokcost" if root == "lsp_server" else "tokcost_hooks"}


def tracked() -> list[Path]:
    names = subprocess.run(["git", "ls-files", "-z"], cwd=ROOT, capture_output=True, check=True).stdout
    return [ROOT / name.decode() for name in names.split(b"\0") if name]


def test_no_tracked_file_names_a_machine_or_a_registry() -> None:
    # Each is written so that it does not match here.
    forbidden = re.compile(rb"/[r]oot/|/[w]ork/|[p]ypi\.org|[n]pmjs\.org|[r]egistry\.npm|files\.[p]ythonhosted")
    for path in tracked():
        if path.is_file() and path.suffix not in (".gz",):
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
    assert f"`tokcost {name}" in README


def readmes_commands() -> list[str]:
    blocks = re.findall(r"^```sh\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    return [line for block in blocks for line in block.splitlines()]


@cache
def recipe(target: str) -> str:
    """What make would run for a target where nothing is set up yet."""
    # Not as the make that runs these tests was called, for example with another VENV.
    environ = {
        name: value
        for name, value in os.environ.items()
        if name not in ("MAKEFLAGS", "MAKEOVERRIDES", "MFLAGS", "AGAIN")
    }
    done = subprocess.run(
        ["make", "--no-print-directory", "-B", "-n", target],
        cwd=ROOT, env=environ, capture_output=True, text=True, check=True,
    )  # fmt: skip
    return done.stdout


def test_the_readmes_two_commands_are_make_demo_and_make_test() -> None:
    named = [line for line in readmes_commands() if line.startswith("make ")]
    assert named == ["make demo", "make test"]
    assert all(recipe(line.removeprefix("make ")) for line in named)


@pytest.mark.parametrize("target", ["demo", "test"])
def test_the_way_without_make_runs_what_make_runs(target: str) -> None:
    (line,) = [line for line in readmes_commands() if f"&& {recipe(target).splitlines()[-1].rstrip()}" in line]
    for requirements in re.findall(r"-r (\S+)", line):
        assert (ROOT / requirements).is_file()
        assert f"--requirement {requirements}" in recipe(target)
    assert " -e ." in line


def test_the_readme_names_no_command_that_nobody_looks_at() -> None:
    ours = tuple(f"tokcost {name}" for name in COMMANDS)
    known = ("make ", "python3 -m venv .venv && .venv/bin/pip install ", "pipx install .", *ours)
    assert [line for line in readmes_commands() if not line.startswith(known)] == []


@pytest.mark.parametrize("words", sorted(set(re.findall(r"`(tokcost [a-z]+ [^`]+|--[^`]+)`", README))))
def test_every_option_in_the_readme_is_understood(words: str) -> None:
    name, *more = words.removeprefix("tokcost ").split() if words.startswith("tokcost ") else ("log", *words.split())
    command = tokcost.get_command(click.Context(tokcost), name)
    assert command is not None
    command.make_context(name, list(more))


def test_the_readmes_benchmark_is_there() -> None:
    (options,) = re.findall(r"python benchmarks/run\.py(.*?)[`,]", README)
    text = (ROOT / "benchmarks/run.py").read_text(encoding="utf-8")
    assert all(f'"{option}"' in text for option in re.findall(r"--\w+", options))


def test_the_readmes_screen_is_what_the_demo_shows(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "120")
    (screen,) = re.findall(r"^```console\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
    shown = CliRunner().invoke(tokcost, ["demo"]).output
    assert screen.count("AI-Cost: ") >= 3
    assert lines_without_ids(screen) == lines_without_ids(shown)[: len(screen.splitlines())]


def lines_without_ids(screen: str) -> list[str]:
    """A screen with all that is random masked: ids of claims are drawn at each commit, and so change its own id. One
    claim or commit keeps one mask, so that a squash must name the same ids here as there."""
    seen: dict[str, str] = {}

    def masked(found: re.Match[str]) -> str:
        return seen.setdefault(found[0], f"<{len(seen)}>")

    ids = re.compile(rf"\b(?:[{ID_ALPHABET}]{{{ID_LENGTH}}}(?=$|[ .,])|[0-9a-f]{{7}}(?= ))", re.MULTILINE)
    return [line.rstrip() for line in ids.sub(masked, screen).splitlines()]


def test_the_readmes_files_exist() -> None:
    for page in ("README.md", "CONTRIBUTING.md"):
        for link in re.findall(r"\]\(([^)#:]+)\)", (ROOT / page).read_text(encoding="utf-8")):
            assert (ROOT / link).exists(), (page, link)


@pytest.mark.few
@pytest.mark.parametrize("command", ["log", "status", "doctor", "budget"])
def test_a_command_that_is_asked_often_imports_nothing_heavy(command: str, tmp_path: Path) -> None:
    code = (
        f"import sys; import tokcost.cli.commands.{command};"
        "heavy = {'rich', 'genai_prices', 'sqlite_utils', 'zstandard', 'pydantic', 'multiprocessing', 'asyncio'};"
        "print(sorted(heavy & sys.modules.keys()))"
    )
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True, cwd=tmp_path)
    assert done.stdout.strip() == "[]"


HOOKS_PAGE = (ROOT / "docs/hooks.md").read_text(encoding="utf-8")


@pytest.mark.parametrize("words", re.findall(r"^(tokcost hooks [^\n>]+)", HOOKS_PAGE, re.MULTILINE))
def test_every_command_of_the_page_on_hooks_is_understood(words: str) -> None:
    _, group, name, *more = words.split()
    command = tokcost.get_command(click.Context(tokcost), group)
    assert isinstance(command, click.Group)
    found = command.get_command(click.Context(command), name)
    assert found is not None
    found.make_context(name, list(more))


def test_the_lines_on_the_page_on_hooks_are_those_we_add(tmp_path: Path) -> None:
    clone = tmp_path / "clone"
    subprocess.run(["git", "init", "-q", str(clone)], check=True)
    (clone / "lefthook.yml").write_text("commit-msg:\n")
    worktree = find_worktree(str(clone))
    assert worktree is not None
    (for_lefthook,) = [where for where in hook_locations(worktree, hooks_folder(worktree)) if where.lines]
    assert for_lefthook.lines.replace(str(clone), "/path/to/clone") in HOOKS_PAGE
    (clone / "lefthook.yml").unlink()
    (clone / ".githooks").mkdir()
    (clone / ".githooks/commit-msg").write_text("#!/bin/sh\n")
    for words in (["config", "core.hooksPath", ".githooks"], ["add", "-A"]):
        subprocess.run(["git", *words], cwd=clone, check=True)
    (for_project,) = [where for where in hook_locations(worktree, hooks_folder(worktree)) if where.lines]
    assert for_project.lines in HOOKS_PAGE


def test_the_page_on_hooks_names_every_entry_of_the_manifest() -> None:
    manifest = (ROOT / ".pre-commit-hooks.yaml").read_text(encoding="utf-8")
    names = re.findall(r"^- id: (\S+)$", manifest, re.MULTILINE)
    assert [name for name in names if f"- id: {name}\n" not in HOOKS_PAGE] == []
    assert len(names) == 6


STARTS_PROGRAMS = {
    "lsp_server/tokcost/services/back_up.py": {"posix_spawn"},  # our own Python, by its full path
    "lsp_server/tokcost/cli/pager.py": {"popen"},  # the pager that the user's environment names
    "lsp_server/tokcost/repo/run.py": {"subprocess"},  # git, with everything off that a repository could name
}


def test_programs_are_started_in_few_places() -> None:
    """Looking at a repository runs nothing that it names, so what starts programs is known by name."""
    names = re.compile(r"exec[lv]\w*|spawn\w*|posix_spawnp?|system|popen|startfile|subprocess|create_subprocess\w*|pty")
    found: dict[str, set[str]] = {}
    for name, path in NAMED.items():
        for node in ast.walk(parsed(path)):
            used = node.attr if isinstance(node, ast.Attribute) and isinstance(node.value, ast.Name) else ""
            used = used if used and node.value.id in ("os", "asyncio", "pty") else ""  # type: ignore[attr-defined]
            imported = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            if isinstance(node, ast.ImportFrom):
                imported = [node.module or "", *(one.name for one in node.names if node.module == "os")]
            for one in (used, *imported):
                if names.fullmatch(one):
                    found.setdefault(name, set()).add(one)
    assert found == STARTS_PROGRAMS


def test_the_hooks_shell_runs_git_only_with_fetching_off() -> None:
    text = (ROOT / "hooks/tokcost_hooks/installation/scripts.py").read_text(encoding="utf-8")
    calls = re.findall(r"^.*[\s;({|]git [a-z].*$", text, re.MULTILINE)
    commands = [line for line in calls if "git cat-file" in line]
    assert commands
    assert all("GIT_NO_LAZY_FETCH=1 GIT_ALLOW_PROTOCOL=none git cat-file" in line for line in commands)
    assert not re.search(r"[;({|] *git (?!cat-file)[a-z]", text)


NETWORK = (
    "socket",
    "socketserver",
    "http",
    "urllib",
    "ssl",
    "ftplib",
    "smtplib",
    "xmlrpc",
    "requests",
    "httpx",
    "httpx2",
)
SOCKETS = {
    "lsp_server/tokcost/installation.py": "the path in a file URL (`urllib.request.url2pathname`)",
    "lsp_server/tokcost/reconciliation/http.py": "a provider's bill, when `tokcost reconcile` asks for it",
    "lsp_server/tokcost/receivers/http.py": "requests of exporters, when `tokcost otel serve` runs",
    "lsp_server/tokcost/receivers/server.py": "the listener of it, on loopback",
}
"""Who may know the network, and what for. The receiver never connects; `reconcile` does, and never listens."""


def test_nothing_knows_the_network_but_the_commands_that_are_named_for_it() -> None:
    found: set[str] = set()
    for name, path in NAMED.items():
        for node in ast.walk(parsed(path)):
            named = [one.name for one in node.names] if isinstance(node, ast.Import) else []
            named += [node.module or ""] if isinstance(node, ast.ImportFrom) else []
            found |= {name for one in named if one.partition(".")[0] in NETWORK and one != "urllib.parse"}
    assert found <= SOCKETS.keys()


def test_the_receiver_connects_to_nobody() -> None:
    for path in (ROOT / "lsp_server/tokcost/receivers").glob("*.py"):
        calls = [node for node in ast.walk(parsed(path)) if isinstance(node, ast.Attribute)]
        assert {one.attr for one in calls} & {
            "connect",
            "connect_ex",
            "create_connection",
            "getaddrinfo",
            "getfqdn",
        } == set()


SPEAKS = {
    "lsp_server/tokcost/cli/start.py": "the line of `tokcost status`, as a server has made it by the same function",
    "lsp_server/tokcost/cli/guard.py": "one line of JSON for the hook of an assistant, in which all else is escaped",
    "lsp_server/tokcost/cli/screen.py": "what commands show, and the one place that lets no control character through",
    "lsp_server/tokcost/lsp/server.py": "the server's own log, each sentence escaped before",
    "lsp_server/tokcost/lsp/stdio.py": "standard output belongs to the protocol",
    "hooks/tokcost_hooks/console.py": "what hooks say, escaped as on the screen",
    "hooks/tokcost_hooks/run.py": "a hook that cannot even start",
}
"""Who may write to standard output or standard error, and why."""
_STREAMS = {"sys.stdout", "sys.stderr", "sys.__stdout__", "sys.__stderr__"}
_WRITERS = {"print", "click.echo", "click.secho", "click.echo_via_pager"}


def speaks(tree: ast.AST) -> bool:
    """Whether code writes to the screen by itself."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Attribute) and ast.unparse(node) in _STREAMS:
            return True
        if isinstance(node, ast.Call):
            called = ast.unparse(node.func)
            to_stream = called == "os.write" and ast.unparse(node.args[0]) in ("1", "2")
            if called in _WRITERS or to_stream:
                return True
        if isinstance(node, ast.ImportFrom) and node.module in ("click", "sys"):
            names = {f"{node.module}.{one.name}" for one in node.names}
            if names & (_STREAMS | _WRITERS):
                return True
    return False


def test_names_of_others_reach_a_screen_through_few_doors_that_escape_them() -> None:
    assert speaks(ast.parse("print(name)"))
    assert speaks(ast.parse("from click import echo"))
    found = {str(path.relative_to(ROOT)) for path in MODULES if speaks(parsed(path))}
    assert found <= SPEAKS.keys()


def test_only_what_is_painted_or_meant_byte_by_byte_passes_the_screen_as_it_is() -> None:
    found = {
        str(path.relative_to(ROOT / "lsp_server/tokcost"))
        for path in MODULES
        if re.search(r"\bReady\(", path.read_text(encoding="utf-8"))
    }
    assert found == {"cli/screen.py", "cli/status.py", "cli/commands/hooks.py"}


def test_markdown_and_csv_of_others_names_go_through_the_function_for_it() -> None:
    for path in MODULES:
        text = path.read_text(encoding="utf-8")
        if "csv.writer(" in text:
            assert "cell(" in text, path
        if "MarkupKind.Markdown" in text or path.stem.endswith("_markdown"):
            assert "safe" in text, path


NEEDS_AN_EDITOR = {"vscode.py"}
"""Benchmarks that drive a browser, so they start only where `make editors` installed one."""


@pytest.mark.few
@pytest.mark.parametrize(
    "path",
    [
        pytest.param(path, marks=[pytest.mark.editor] if path.name in NEEDS_AN_EDITOR else [], id=path.name)
        for path in sorted((ROOT / "benchmarks").glob("*.py"))
    ],
)
def test_a_benchmark_starts(path: Path) -> None:
    """Nobody runs them daily, so a name that moved would be noticed by whoever wants a figure."""
    done = subprocess.run([sys.executable, str(path), "--help"], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
