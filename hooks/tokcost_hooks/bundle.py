"""All modules that a hook imports, in one file beside Python's own compiled ones.

A hook imports some 130 small modules, and a fifth of its time is looking for them. Each hook adds what it had to look
for; later ones take it from there, as long as the module's file has not changed since. Only what is imported is read:
what a rare hook added costs the others nothing.
"""

import marshal
import os
import sys

TYPE_CHECKING = False
"""What is imported here comes before the bundle: not even `typing` does."""
if TYPE_CHECKING:
    from collections.abc import Sequence
    from types import ModuleType
    from typing import Any

FILE = os.path.join(os.path.dirname(__file__), "__pycache__", f"hooks.{sys.implementation.cache_tag}.bundle")
_OURS = ("tokcost", "tokcost_hooks", "msgspec")
_NOT_BUNDLED = ("__main__", "tokcost_hooks", "tokcost_hooks.start", __name__)
"""What was imported before the bundle could be asked."""
_ELSEWHERE = () if sys.platform == "win32" else ("nt", "_winapi")
"""Modules that Python itself asks for everywhere and has on one system alone."""
_Spec: "Any" = type(sys.__spec__)  # pyright: ignore[reportUnknownVariableType]
"""`importlib.machinery.ModuleSpec`, without importing that."""
_NUMBER = 8
"""Bytes at the beginning that say how long the index behind them is."""

Entry = tuple[str, tuple[int, int], bool, int, int]
"""A module: its file, that file's time and size, whether it is a package; where its code begins behind the index, and
how long it is."""


class Bundle:
    """Finds and loads the modules of a bundle, for `sys.meta_path`."""

    def __init__(self, stream: int, start: int, entries: dict[str, Entry]) -> None:
        self.stream, self.start = stream, start
        self.entries = entries
        self._codes: dict[str, Any] = {}

    def find_spec(self, name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None) -> "Any":  # noqa: ARG002
        """Python's question for a module."""
        if name in _ELSEWHERE:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        entry = self.entries.get(name)
        if entry is None or (_is_ours(name) and not _holds(entry)):
            return None
        try:
            self._codes[name] = marshal.loads(self.code(name))
        except (OSError, ValueError, EOFError, TypeError):
            return None  # a machine that lost its power may have kept half of the file
        spec = _Spec(name, self, origin=entry[0], is_package=entry[2])
        if entry[2]:
            spec.submodule_search_locations = [os.path.dirname(entry[0])]
        spec.has_location = True
        return spec

    def create_module(self, spec: "Any") -> None:
        """Python makes the module itself."""

    def exec_module(self, module: "ModuleType") -> None:
        """Run a module's code."""
        exec(self._codes.pop(module.__name__), module.__dict__)

    def code(self, name: str) -> bytes:
        """A module's code, for `marshal`."""
        at, size = self.entries[name][3:]
        if hasattr(os, "pread"):  # a forked process shares the place in the file, not this
            return os.pread(self.stream, size, self.start + at)
        os.lseek(self.stream, self.start + at, os.SEEK_SET)
        return os.read(self.stream, size)


def use(file: str = FILE) -> None:
    """Import from the bundle from now on, if there is one and it is whole and of this Python."""
    try:
        stream = os.open(file, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0))
        size = int.from_bytes(os.read(stream, _NUMBER), "little")
        version, entries = marshal.loads(os.read(stream, min(size, os.stat(stream).st_size)))
    except (OSError, ValueError, EOFError, TypeError):
        return
    if version == sys.version:
        sys.meta_path.insert(0, Bundle(stream, _NUMBER + size, entries))


def lacks_something(file: str = FILE) -> bool:
    """Whether this process had to look for a module of ours, and can add it: an installation for everybody on a machine
    is nobody's to write to."""
    new = any(_is_ours(name) and _is_new(name, module) for name, module in list(sys.modules.items()))
    return new and os.access(os.path.dirname(file), os.W_OK)


def complete(file: str = FILE) -> None:
    """Add what this process had to look for. Where that cannot be written, hooks go on looking."""
    if not lacks_something(file):
        return
    found: dict[str, tuple[str, tuple[int, int], bool, bytes]] = {}
    new = f"{file}.{os.getpid()}"
    try:
        for one in sys.meta_path:
            if isinstance(one, Bundle):
                found |= {name: (*entry[:3], one.code(name)) for name, entry in one.entries.items()}
        found |= {name: added for name, module in list(sys.modules.items()) if (added := _added(name, module))}
        with open(new, "wb") as stream:
            stream.write(_packed(found))
        os.replace(new, file)
    except OSError:
        if os.path.exists(new):
            os.unlink(new)


def _packed(found: "dict[str, tuple[str, tuple[int, int], bool, bytes]]") -> bytes:
    at, entries = 0, dict[str, Entry]()
    for name, (origin, stamp, is_package, code) in found.items():
        entries[name] = (origin, stamp, is_package, at, len(code))
        at += len(code)
    index = marshal.dumps((sys.version, entries))
    return b"".join((len(index).to_bytes(_NUMBER, "little"), index, *(entry[3] for entry in found.values())))


def _is_new(name: str, module: "ModuleType") -> bool:
    spec = getattr(module, "__spec__", None)
    # What comes from the bundle has a loader without `get_source`.
    is_found = hasattr(getattr(spec, "loader", None), "get_source")
    return is_found and name not in _NOT_BUNDLED and str(getattr(spec, "origin", None)).endswith(".py")


def _added(name: str, module: "ModuleType") -> "tuple[str, tuple[int, int], bool, bytes] | None":
    if not _is_new(name, module):
        return None
    spec: Any = module.__spec__
    try:
        # Without docstrings: they are half of what would have to be read.
        code = compile(spec.loader.get_source(name), spec.origin, "exec", dont_inherit=True, optimize=2)
        return spec.origin, _stamp(spec.origin), hasattr(module, "__path__"), marshal.dumps(code)
    except (ImportError, OSError, ValueError, AttributeError, SyntaxError, TypeError):
        return None


def _is_ours(name: str) -> bool:
    return name.partition(".")[0] in _OURS


def _holds(entry: Entry) -> bool:
    try:
        return _stamp(entry[0]) == entry[1]
    except OSError:
        return False


def _stamp(file: str) -> tuple[int, int]:
    status = os.stat(file)
    return status.st_mtime_ns, status.st_size
