"""Writing the bundle: rarely, and in a process that nobody waits for."""

import marshal
import os
import sys
from typing import Any, NamedTuple

from tokcost_hooks.bundle import (
    EXTENSION,
    FILE,
    MODULE,
    NUMBER,
    PACKAGE,
    Entry,
    Readers,
    in_use,
    is_new,
    lacks_something,
    stamp,
)
from tokcost_hooks.expressions import Known


class _Module(NamedTuple):
    file: str
    stamp: tuple[int, int]
    kind: str
    code: bytes


def complete(file: str = FILE) -> None:
    """Add what this process had to look for, and what it learned. Where that cannot be written, hooks go on looking."""
    if not lacks_something(file):
        return
    found, brings, expressions = dict[str, _Module](), dict[str, list[str]](), Known()
    registry = sys.modules.get("tokcost.readers.registry")
    readers: Readers = registry.KNOWN if registry else {}
    new = f"{file}.{os.getpid()}"
    try:
        for bundle in in_use():
            found |= {name: _Module(*entry[:3], bundle.code(name)) for name, entry in bundle.entries.items()}
            brings |= bundle.brings
            expressions |= bundle.expressions | bundle.new_expressions
        added = {name: made for name in list(sys.modules) if is_new(name) and (made := _module(name))}
        with open(new, "wb") as stream:
            # What a new module brings along is not known, and who brings it along neither.
            stream.write(_packed(found | added, {} if added else brings, expressions, readers))
        os.replace(new, file)
    except OSError:
        if os.path.exists(new):
            os.unlink(new)


def _packed(found: dict[str, _Module], brings: dict[str, list[str]], expressions: Known, readers: Readers) -> bytes:
    at, entries = 0, dict[str, Entry]()
    for name, one in found.items():
        entries[name] = (one.file, one.stamp, one.kind, at, len(one.code))
        at += len(one.code)
    index = marshal.dumps((sys.version, entries, brings, expressions, readers))
    return b"".join((len(index).to_bytes(NUMBER, "little"), index, *(one.code for one in found.values())))


def _module(name: str) -> _Module | None:
    module = sys.modules[name]
    spec: Any = module.__spec__
    try:
        if not spec.origin.endswith(".py"):
            return _Module(spec.origin, stamp(spec.origin), EXTENSION, b"")
        # Without docstrings: they are half of what would have to be read.
        code = compile(spec.loader.get_source(name), spec.origin, "exec", dont_inherit=True, optimize=2)
        kind = PACKAGE if hasattr(module, "__path__") else MODULE
        return _Module(spec.origin, stamp(spec.origin), kind, marshal.dumps(code))
    except (ImportError, OSError, ValueError, AttributeError, SyntaxError, TypeError):
        return None
