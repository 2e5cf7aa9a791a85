"""Holds a third-party reader to the protocol: its errors are its own, and affect nothing else."""

import io
import re
from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, redirect_stdout
from typing import Any, TypeVar, cast, get_args

from tokcost.model.bounds import MAX_PATH, is_source
from tokcost.model.logs import Batch, BranchOf, Capabilities, FolderOf, Location, OwnWorktrees, RecordOf, Source
from tokcost.model.usage import Tokens
from tokcost.readers.protocol import NoReader, Reader, ReaderFailed
from tokcost.waiting import waiting_for

_KINDS = ("folder", "file", "store")
_MAX_NAME = 64
_GUIDE = "see docs/readers.md"

_Item = TypeVar("_Item")
_END: Any = object()


def guarded(make: Callable[[], Reader], package: str) -> "Guarded":
    """The reader of a package that `make` imports and creates. Raises `NoReader`, `ReaderFailed` and `OSError`."""
    with _guard(package) as printed:
        found = Guarded(make(), package)
    found.prints = printed.anything
    return found


class Guarded:
    """A third-party reader, whose answers are validated before they are used.

    Its printed output is discarded: standard output may be JSON for a script, and the text could quote a log.
    """

    prints = False
    """Whether it has printed in this process."""

    def __init__(self, reader: Reader, package: str) -> None:
        """Raises `NoReader` for an object that is not a reader of protocol 2."""
        missing = [one for one in ("name", "locations", "discover", "read") if not hasattr(reader, one)]
        if missing:
            raise NoReader(f"it lacks {', '.join(missing)} ({_GUIDE})")
        self.name = reader.name
        if not _is_name(self.name):
            raise NoReader(f"its name is not a printable word of at most {_MAX_NAME} characters ({_GUIDE})")
        self.capabilities = getattr(reader, "capabilities", Capabilities())
        wrong = _wrong_capability(self.capabilities)
        if wrong:
            raise NoReader(f"its {wrong} has a value that is not allowed ({_GUIDE})")
        self._reader, self.package = reader, package

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """The reader's locations. Raises `ReaderFailed`."""
        return list(self._checked(lambda: self._reader.locations(environ), _is_location))

    def discover(self, location: Location) -> Iterator[Source]:
        """The reader's sources. Raises `ReaderFailed`."""
        return self._checked(lambda: self._reader.discover(location), _is_sound_source)

    def read(self, source: Source, cursor: bytes | None) -> Iterator[Batch]:
        """The reader's batches. Raises `OSError` if the source cannot be read, else `ReaderFailed`."""
        return self._checked(lambda: self._reader.read(source, cursor), _is_batch)

    def _checked(self, ask: Callable[[], Iterable[_Item]], is_sound: Callable[[Any], bool]) -> Iterator[_Item]:
        """The items of an answer, each requested under guard; code between them is not the reader's."""
        items: Iterator[_Item] | None = None
        while True:
            with _guard(self.package) as printed:
                items = iter(ask()) if items is None else items
                # An answer may be a generator, whose code runs only here.
                item = next(items, _END)
                if not (item is _END or is_sound(item)):
                    raise TypeError
            self.prints = self.prints or printed.anything
            if item is _END:
                return
            yield item


class _Printed(io.TextIOBase):
    """A standard output that discards everything."""

    anything = False

    def write(self, text: str, /) -> int:
        self.anything = True
        return len(text)


@contextmanager
def _guard(package: str) -> Generator[_Printed]:
    """Run third-party code inside: it can neither end the program nor pass for an error of the ledger, and a user who
    waits for it is told."""
    try:
        with waiting_for(package), redirect_stdout(_Printed()) as printed:
            yield printed
    except (KeyboardInterrupt, OSError, NoReader):  # the user's ^C; a log that cannot be read; ours
        raise
    except BaseException as error:  # including one that would end the program
        raise ReaderFailed(type(error).__name__) from error


def _is_name(name: Any) -> bool:
    return type(name) is str and 0 < len(name) <= _MAX_NAME and name.isprintable() and not name.isspace()


def _wrong_capability(can: Any) -> str:
    """The first capability with a value that it cannot have; empty if there is none."""
    if not isinstance(can, Capabilities):
        return "capabilities"
    words = {"folder": FolderOf, "branch": BranchOf, "record": RecordOf}
    for name, value in can._asdict().items():
        if name == "classes":
            classes = cast("tuple[object, ...]", value) if isinstance(value, tuple) else ()
            is_sound = bool(classes) and all(one in Tokens._fields for one in classes)
        elif name == "worktrees":
            is_sound = _are_worktrees(value)
        elif name == "subagent_logs":
            is_sound = _is_pattern(value)
        else:
            is_sound = type(value) is str and (name not in words or value in get_args(words[name]))
        if not is_sound:
            return name
    return ""


def _are_worktrees(places: Any) -> bool:
    return isinstance(places, tuple) and all(map(_is_place_of_worktrees, cast("tuple[Any, ...]", places)))


def _is_place_of_worktrees(place: Any) -> bool:
    """Whether a place names at least one folder and ends in that of the worktree."""
    if not (isinstance(place, OwnWorktrees) and type(place.path) is str and type(place.branch) is str):
        return False
    *above, own = place.path.split("/")
    # A star inside a name would stand for itself: such a place matches no path, and the reader's author would not learn
    # it.
    named = set(above) - {"*"}
    is_sound = named.isdisjoint(("", ".", "..")) and "*" not in "".join(named) and len(place.path) <= MAX_PATH
    return own == "*" and bool(named) and is_sound


def _is_pattern(text: Any) -> bool:
    if type(text) is not str:
        return False
    try:
        re.compile(text)
    # Nesting that is too deep raises the second, a repetition like `a{99999999999}` the third.
    except (re.error, RecursionError, OverflowError):
        return False
    return True


def _is_location(place: Any) -> bool:
    return (
        isinstance(place, Location)
        and type(place.path) is str
        and len(place.path) <= MAX_PATH
        and "\0" not in place.path
        and place.kind in _KINDS
    )


def _is_sound_source(source: Any) -> bool:
    return isinstance(source, Source) and is_source(source)


def _is_batch(batch: Any) -> bool:
    return isinstance(batch, Batch)
