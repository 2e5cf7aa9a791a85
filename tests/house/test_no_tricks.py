"""No module of Python or of a library is patched, replaced or looked into, and no hook starts a process that stays."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.sources import parsed

ROOT = Path(__file__).parent.parent.parent
MODULES = sorted(path for root in ("lsp_server/tokcost", "hooks/tokcost_hooks") for path in (ROOT / root).rglob("*.py"))
HOOKS = [path for path in MODULES if path.is_relative_to(ROOT / "hooks")]
OURS = ("tokcost", "tokcost_hooks")
ALLOWED_TO_SET = ("sys.path", "sys.stdin", "sys.stdout", "sys.stderr", "os.environ")
"""What Python documents as a program's own to set."""
PUBLIC = ("os._exit", "_asdict", "_field_defaults", "_fields", "_make", "_replace")
"""Documented, whatever their names: the last ones of named tuples."""
ASK_BY_NAME = ("getattr", "hasattr", "attrgetter", "methodcaller", "import_module", "__import__", "find_spec")
CHANGES = ("append", "clear", "extend", "insert", "pop", "popitem", "remove", "setdefault", "update")
STARTS_PROCESSES = ("fork", "forkpty", "posix_spawn", "posix_spawnp", "system", "popen", "execv", "execve", "setsid")
WATCHED = ROOT / "hooks/tokcost_hooks/watch.py"
"""The one place that forks: the child is waited for, and ended."""


def is_private(name: str) -> bool:
    return any(part.startswith("_") and not part.startswith("__") for part in name.split("."))


def words(text: str) -> list[str]:
    """The names that a text of the form `a.b.c` consists of; none for any other text."""
    found = text.split(".")
    return found if all(one.isidentifier() for one in found) else []


def is_ours(module: str) -> bool:
    return module.partition(".")[0] in OURS


def dotted(node: ast.expr) -> str:
    """`a.b.c`, whatever is in brackets left out; empty for anything else."""
    match node:
        case ast.Name(name):
            return name
        case ast.Attribute(value, name):
            around = dotted(value)
            return f"{around}.{name}" if around else ""
        case ast.Subscript(value):
            return dotted(value)
    return ""


def imported(tree: ast.AST) -> dict[str, str]:
    """Names in a file that stand for something that is not ours, and what."""
    found: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            found |= {(one.asname or one.name).partition(".")[0]: one.name for one in node.names}
        elif isinstance(node, ast.ImportFrom):
            found |= {one.asname or one.name: f"{node.module}.{one.name}" for one in node.names}
    return {name: what for name, what in found.items() if not is_ours(what)}


def tricks(tree: ast.AST) -> Iterator[str]:
    foreign = imported(tree)
    own = defined(tree)
    for node in ast.walk(tree):
        yield from private(node, foreign, own)
        for target in changed(node):
            name = dotted(target)
            is_theirs = not isinstance(target, ast.Name) and name.partition(".")[0] in foreign
            if is_theirs and not name.startswith(ALLOWED_TO_SET):
                yield f"changes {name}"


def defined(tree: ast.AST) -> set[str]:
    """The private names that a file itself gives to something, also to parts of an object."""
    found = set[str]()
    for node in ast.walk(tree):
        match node:
            case ast.FunctionDef(name) | ast.AsyncFunctionDef(name) | ast.ClassDef(name) | ast.arg(name):
                found.add(name)
            case ast.Name(name, ast.Store()) | ast.Attribute(ast.Name("self" | "cls"), name, ast.Store()):
                found.add(name)
            case ast.alias(name, asname):
                found.add(asname or name)
    return {name for name in found if is_private(name)}


def private(node: ast.AST, foreign: dict[str, str], own: set[str]) -> Iterator[str]:
    match node:
        case ast.Import(names):
            yield from (one.name for one in names if is_private(one.name) and not is_ours(one.name))
        case ast.ImportFrom(module, names) if not is_ours(module or ""):
            whole = (f"{module}.{one.name}" for one in names)
            yield from (name for name in whole if is_private(name))
        case ast.Attribute(value, name) if is_private(name):
            # Also of a value that a library made: what this file does not define belongs to somebody else.
            is_theirs = dotted(value).partition(".")[0] in foreign or name not in own
            if is_theirs and not {dotted(node), name} & {*PUBLIC}:
                yield dotted(node) or f"….{name}"
        case ast.Call(function, arguments, keywords) if dotted(function).rpartition(".")[2] in ASK_BY_NAME:
            values = [*arguments, *(one.value for one in keywords)]
            texts = [one.value for one in values if isinstance(one, ast.Constant) and isinstance(one.value, str)]
            yield from (text for text in texts if is_private(".".join(words(text))))
        case ast.Subscript(ast.Call(ast.Name("vars")) | ast.Attribute(_, "__dict__"), ast.Constant(str(name))):
            if is_private(name):
                yield name
        case _:
            pass


def changed(node: ast.AST) -> Iterator[ast.expr]:
    """What a statement or a call gives another value, taken apart."""
    targets: list[ast.expr] = []
    match node:
        case ast.Assign(targets) | ast.Delete(targets):
            pass
        case ast.AugAssign(target) | ast.AnnAssign(target):
            targets = [target]
        case ast.Call(ast.Name("setattr" | "delattr"), [target, *_]):
            targets = [ast.Attribute(target, "any")]
        case ast.Call(ast.Attribute(value, method)) if dotted(value).startswith("sys.") and method in CHANGES:
            targets = [value]
        case _:
            pass
    for target in targets:
        yield from target.elts if isinstance(target, ast.Tuple | ast.List) else [target]


def test_nothing_of_python_or_of_a_library_is_changed_or_private() -> None:
    assert [(str(path), trick) for path in MODULES for trick in tricks(parsed(path))] == []


@pytest.mark.parametrize(
    "trick",
    [
        "import typing\ntyping.NamedTuple = None",
        "import re\nre.compile.cache = {}",
        "from typing import NamedTuple\nNamedTuple.x = 1",
        "import sys\nsys.modules['x'] = None",
        "import sys\nsys.modules.update({})",
        "import sys\nsys.meta_path.insert(0, None)",
        "import sys\ndel sys.modules['x']",
        "import re\nsetattr(re, 'compile', None)",
        "import datetime as d\nd.x, y = 1, 2",
        "import _thread",
        "from _blake2 import blake2b",
        "from collections import _tuplegetter",
        "import os.path, msgspec._core",
        "import re\nre._compiler.compile('x')",
        "from genai_prices import types\ntypes._providers_from_raw([])",
        "def read():\n    from genai_prices.types import _providers_from_raw as read",
        "from genai_prices import types as t\ngetattr(t, '_providers_from_raw')([])",
        "from operator import attrgetter\nimport re\nattrgetter('_compiler.compile')(re)",
        "import importlib\nimportlib.import_module('_blake2')",
        "import importlib\nimportlib.import_module(name='genai_prices._usage')",
        "__import__('_blake2')",
        "import re\nvars(re)['_cache']",
        "import re\nre.__dict__['_cache']",
        "from genai_prices import data_snapshot\nfound = data_snapshot.get_snapshot()\nfound._lookup_cache.clear()",
        "import re\n_cache = 1\nre._cache",
        "import re\nre.compile('x')._code",
        "def use(table):\n    return table._fields_of_a_library",
    ],
)
def test_a_trick_is_seen(trick: str) -> None:
    assert len(list(tricks(ast.parse(trick)))) >= 1


@pytest.mark.parametrize(
    "honest",
    [
        "class A:\n    _own: int\n    def f(self, other):\n        return other._own",
        "class A:\n    def __init__(self):\n        self._own = 1\n    def f(self, other):\n        return other._own",
        "import os\nos._exit(0)",
        "import re\ngetattr(re, 'compile', '_x y')",
    ],
)
def test_what_a_file_defines_itself_is_its_own(honest: str) -> None:
    assert list(tricks(ast.parse(honest))) == []


def test_no_hook_leaves_a_process_behind() -> None:
    calls = (
        (path, dotted(node.func)) for path in HOOKS for node in ast.walk(parsed(path)) if isinstance(node, ast.Call)
    )
    started = [(path, name) for path, name in calls if name.rpartition(".")[2] in STARTS_PROCESSES]
    assert started == [(WATCHED, "os.fork")]


def test_python_makes_values_and_patterns_itself() -> None:
    """Nothing makes code from text, which is how classes and functions are re-implemented."""
    calls = ((path, node.func) for path in MODULES for node in ast.walk(parsed(path)) if isinstance(node, ast.Call))
    named = ((path, one.id) for path, one in calls if isinstance(one, ast.Name))
    assert [(path, name) for path, name in named if name in ("exec", "eval", "compile")] == []
