"""All modules that a hook imports, in one file beside Python's own compiled ones.

A hook imports some 130 small modules, and much of its time would go into looking for each of them. Each hook adds what
it had to look for (`bundling.py`); later ones take it from there, as long as the module's file has not changed since.
The bundle also knows what a module brought along and in which order that was ready, and runs it in this order before
the module itself, which then finds all of it there. Only what is imported is read: what a rare hook added costs the
others nothing.
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

    from tokcost_hooks.expressions import Known

FILE = os.path.join(os.path.dirname(__file__), "__pycache__", f"hooks.{sys.implementation.cache_tag}.bundle")
EXTENSION, PACKAGE, MODULE = "extension", "package", "module"
"""What an entry can be."""
NUMBER = 8
"""Bytes at the beginning that say how long the index behind them is."""
_MOST = 300
"""More modules than a hook imports that has nothing unusual to do."""
_OURS = ("tokcost", "tokcost_hooks", "msgspec")
_PREPARED = ("msgspec",)
"""Modules that are imported with something else in the place of what they ask for (`tokcost.quick`): nothing
brings them along."""
_ELSEWHERE = () if sys.platform == "win32" else ("nt", "_winapi")
"""Modules that Python itself asks for everywhere and has on one system alone."""
_Spec: "Any" = type(sys.__spec__)  # pyright: ignore[reportUnknownVariableType]
_Module: "Any" = type(sys)  # pyright: ignore[reportUnknownVariableType]
_ExtensionLoader: "Any" = sys.modules["_frozen_importlib_external"].ExtensionFileLoader
"""`importlib.machinery.ModuleSpec`, `types.ModuleType` and `importlib.machinery.ExtensionFileLoader`, without importing
those."""

Entry = tuple[str, tuple[int, int], str, int, int]
"""A module: its file, that file's time and size, what it is; where its code begins behind the index, and how long it
is."""


Readers = dict[str, tuple[int, list[str]]]
Index = tuple[dict[str, Entry], dict[str, list[str]], "Known", Readers]
"""Modules by name; what a module brought along, in the order in which that was ready; regular expressions; readers that
other packages register (`tokcost.readers.registry`)."""


class Bundle:
    """Finds and loads the modules of a bundle, for `sys.meta_path`."""

    def __init__(self, stream: int, start: int, index: "Index") -> None:
        self.stream, self.start = stream, start
        self.entries, self.brings, self.expressions, self.readers = index
        self.learned = False
        """Whether `brings` has more than the file."""
        self.new_expressions: Known = {}
        self._codes: dict[str, Any] = {}
        self._running = 0
        self._known_before: dict[str, int] = {}

    def find_spec(self, name: str, path: "Sequence[str] | None" = None, target: "ModuleType | None" = None) -> "Any":  # noqa: ARG002
        """Python's question for a module."""
        if name in _ELSEWHERE:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if not self._running or name in _PREPARED:
            if name in self.brings:
                self._run_first(self.brings[name])
            else:
                self._known_before[name] = len(sys.modules)
        return self._spec(name)

    @property
    def has_learned(self) -> bool:
        """Whether this process knows more than the file."""
        registry = sys.modules.get("tokcost.readers.registry")
        return self.learned or bool(self.new_expressions) or (registry is not None and self.readers != registry.KNOWN)

    def create_module(self, spec: "Any") -> None:
        """Python makes the module itself."""

    def exec_module(self, module: "ModuleType") -> None:
        """Run a module's code."""
        name = module.__name__
        self._running += 1
        try:
            exec(self._codes.pop(name), module.__dict__)
        finally:
            self._running -= 1
        if name in self._known_before:
            self._learn(name, list(sys.modules)[self._known_before.pop(name) :])

    def code(self, name: str) -> bytes:
        """A module's code, for `marshal`."""
        at, size = self.entries[name][3:]
        if hasattr(os, "pread"):  # a forked process shares the place in the file, not this
            return os.pread(self.stream, size, self.start + at)
        os.lseek(self.stream, self.start + at, os.SEEK_SET)
        return os.read(self.stream, size)

    def _learn(self, name: str, ready: list[str]) -> None:
        """`ready` is what is new in `sys.modules`, which Python keeps in the order in which modules were ready."""
        apart = {brought for one in _PREPARED if one != name for brought in (one, *self.brings.get(one, ()))}
        self.brings[name] = [one for one in ready if one in self.entries and one != name and one not in apart]
        self.learned = True

    def _run_first(self, names: list[str]) -> None:
        self._running += 1
        try:
            for name in names:
                parent = name.rpartition(".")[0]
                # Parts of a package that is not ready yet: it asks for them itself.
                if name not in sys.modules and (not parent or parent in sys.modules):
                    self._run(name, parent)
        except Exception:
            return  # whoever imports that module is told
        finally:
            self._running -= 1

    def _run(self, name: str, parent: str) -> None:
        """Import a module, without Python's precautions: nobody else imports anything now."""
        spec = self._spec(name)
        if spec is None or spec.loader is not self:
            __import__(name)
            return
        made = _Module(name)
        made.__spec__, made.__loader__, made.__package__, made.__file__ = spec, self, spec.parent, spec.origin
        if spec.submodule_search_locations is not None:
            made.__path__ = spec.submodule_search_locations
        sys.modules[name] = made
        try:
            exec(self._codes.pop(name), made.__dict__)
        except BaseException:
            del sys.modules[name]
            raise
        if parent:
            setattr(sys.modules[parent], name[len(parent) + 1 :], made)

    def _spec(self, name: str) -> "Any":
        entry = self.entries.get(name)
        if entry is None or (is_ours(name) and not _holds(entry)):
            return None
        file, _, kind, *_ = entry
        if kind == EXTENSION:
            spec = _Spec(name, _ExtensionLoader(name, file), origin=file)
        else:
            try:
                self._codes[name] = marshal.loads(self.code(name))
            except (OSError, ValueError, EOFError, TypeError):
                del self.entries[name]  # a machine that lost its power may have kept half of the file
                return None
            spec = _Spec(name, self, origin=file, is_package=kind == PACKAGE)
            if kind == PACKAGE:
                spec.submodule_search_locations = [os.path.dirname(file)]
        spec.has_location = True
        return spec


def use(file: str = FILE) -> None:
    """Import from the bundle from now on, if there is one and it is whole and of this Python."""
    try:
        stream = _opened(file)
        size = int.from_bytes(os.read(stream, NUMBER), "little")
        version, entries, brings, known, readers = marshal.loads(os.read(stream, min(size, os.stat(stream).st_size)))
        made = Bundle(stream, NUMBER + size, (entries, brings, known, readers))
    except (OSError, ValueError, EOFError, TypeError):
        return
    if version == sys.version:
        sys.meta_path.insert(0, made)


def _opened(file: str) -> int:
    """A number above those of the standard streams, which are closed or written to whatever they are."""
    stream = os.open(file, os.O_RDONLY | getattr(os, "O_CLOEXEC", 0) | getattr(os, "O_BINARY", 0))
    if stream > 2:
        return stream
    try:
        return _opened(file)
    finally:
        os.close(stream)


def in_use() -> "list[Bundle]":
    """The bundle that this process imports from, if there is one."""
    return [one for one in sys.meta_path if isinstance(one, Bundle)]


def lacks_something(file: str = FILE) -> bool:
    """Whether this process had to look for a module of ours, or learned what one brings along, and can add it: an
    installation for everybody on a machine is nobody's to write to, and what a rare hook imports besides would make the
    index long for all."""
    if len(sys.modules) > _MOST:
        return False
    ours = [name for name in list(sys.modules) if is_ours(name)]
    new = any(one.has_learned for one in in_use()) or any(map(is_new, ours))
    return new and os.access(os.path.dirname(file), os.W_OK)


def is_new(name: str) -> bool:
    """Whether a module was not in the bundle, but could be."""
    spec = getattr(sys.modules[name], "__spec__", None)
    file, loader = str(getattr(spec, "origin", None)), getattr(spec, "loader", None)
    if any(name in one.entries and not (is_ours(name) and not _holds(one.entries[name])) for one in in_use()):
        return False
    can_be = type(loader) is _ExtensionLoader or (file.endswith(".py") and hasattr(loader, "get_source"))
    return can_be and name not in _NOT_BUNDLED


def is_ours(name: str) -> bool:
    """Whether a module can change while Python stays the same."""
    return name.partition(".")[0] in _OURS


def stamp(file: str) -> tuple[int, int]:
    """What a file's change shows by: its time in nanoseconds and its size. Raises `OSError`."""
    status = os.stat(file)
    return status.st_mtime_ns, status.st_size


_NOT_BUNDLED = ("__main__", "tokcost_hooks", "tokcost_hooks.start", __name__)
"""What was imported before the bundle could be asked."""


def _holds(entry: Entry) -> bool:
    try:
        return stamp(entry[0]) == entry[1]
    except OSError:
        return False
