"""What a short command needs of Python, in a part of the time.

Above all named tuples: fifty are defined before it does anything, and `typing` writes, compiles and runs code for each;
that would be an eighth of `tokcost log` and a quarter of a hook. What is made here behaves the same, and a test holds
the two together; making one is a little slower until a class turns out to be used a lot.
"""

import sys
import typing
from _collections import _tuplegetter  # type: ignore[attr-defined]
from collections.abc import Callable, Iterable
from importlib import import_module
from types import ModuleType
from typing import Any

_new: Any = tuple.__new__  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]
_MANY = 100
"""So many of one class are worth what `typing` does for it."""

alone = False
"""Set where nobody but us will use what we import: a hook in which no other package's reader runs."""


def install() -> None:
    """Let `from typing import NamedTuple` give these from now on. Who has the other already keeps it: `typing` would
    object to a base that is no longer the one it knows."""
    if sys.version_info < (3, 14):  # from then on a class body has no annotations while it is made
        typing.NamedTuple = named_tuple  # type: ignore[misc,assignment]
        _slow.__mro_entries__ = _slow_bases
    _import_paths()
    _import_dates()


def _import_paths() -> None:
    """`pathlib` without what it needs to write a path as a URL: that knows all of the Internet's addresses, and nobody
    here asks for it before it is needed."""
    if "pathlib" in sys.modules or "urllib.parse" in sys.modules:
        return
    stand_in = ModuleType("urllib.parse")
    stand_in.__dict__["quote_from_bytes"] = _quoted
    given: dict[str, Any] = {"urllib.parse": stand_in}
    if sys.platform != "win32":
        given["nt"] = None  # Windows' own `os`, which it would look for in every folder, five times
    sys.modules.update(given)
    try:
        import_module("pathlib")
    finally:
        for name in given:
            del sys.modules[name]


def _import_dates() -> None:
    """`datetime` as Python 3.12 has it: up to then it makes all of its classes in Python, and throws them away for
    those made in C."""
    if sys.version_info >= (3, 12) or "datetime" in sys.modules:
        return
    try:
        made = import_module("_datetime")
    except ImportError:
        return
    module = ModuleType("datetime")
    module.__dict__.update({name: value for name, value in vars(made).items() if not name.startswith("_")})
    sys.modules["datetime"] = module


def _quoted(text: bytes) -> str:
    from urllib.parse import quote_from_bytes

    return quote_from_bytes(text)


def _slow_bases(_: tuple[Any, ...]) -> tuple[type, ...]:
    return _slow_base


_slow: Any = typing.NamedTuple
_slow_base: tuple[type, ...] = _slow.__mro_entries__((_slow,))


def named_tuple(*args: Any, **more: Any) -> Any:
    """What stands for `typing.NamedTuple`; called as a function it is that."""
    return _slow(*args, **more)


def _bases(bases: tuple[Any, ...]) -> tuple[type, ...]:
    """What a class is made of that names us as a base: generic ones are left to `typing`."""
    return _base if bases == (named_tuple,) else _slow_base


_WrongField = TypeError if sys.version_info >= (3, 13) else ValueError


class _Methods(tuple[Any, ...]):
    __slots__ = ()
    _fields: tuple[str, ...] = ()

    @classmethod
    def _make(cls, values: Iterable[Any]) -> "_Methods":
        made = _new(cls, values)
        if len(made) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
        return made

    def _replace(self, /, **changes: Any) -> "_Methods":
        made = self._make(map(changes.pop, self._fields, self))
        if changes:
            raise _WrongField(f"Got unexpected field names: {list(changes)!r}")
        return made

    def _asdict(self) -> dict[str, Any]:
        return dict(zip(self._fields, self, strict=True))

    def __getnewargs__(self) -> tuple[Any, ...]:
        return tuple(self)

    def __repr__(self) -> str:
        values = (f"{name}={value!r}" for name, value in zip(self._fields, self, strict=True))
        return f"{type(self).__name__}({', '.join(values)})"


class _Meta(type):
    def __new__(cls, name: str, _: tuple[type, ...], body: dict[str, Any]) -> type:
        fields = tuple(body.get("__annotations__", ()))
        defaults = {field: body.pop(field) for field in fields if field in body}
        for number, field in enumerate(fields):
            body[field] = _tuplegetter(number, None)
        body.update(_fields=fields, _field_defaults=defaults, __match_args__=fields, __slots__=())
        body["__new__"] = _constructor(name, fields, defaults)
        return type(name, (_Methods,), body)


def _constructor(name: str, fields: tuple[str, ...], defaults: dict[str, Any]) -> Callable[..., Any]:
    count, calls = len(fields), 0

    def __new__(cls: type, /, *values: Any, **named: Any) -> Any:
        nonlocal calls
        calls += 1
        if calls == _MANY:
            owner: Any = next(one for one in cls.__mro__ if one.__dict__.get("_fields") is fields)
            owner.__new__ = _compiled(fields, defaults)
        if len(values) != count or named:
            values = _completed(name, fields, defaults, values, named)
        return _new(cls, values)

    return __new__


def _completed(
    name: str, fields: tuple[str, ...], defaults: dict[str, Any], values: tuple[Any, ...], named: dict[str, Any]
) -> tuple[Any, ...]:
    """The values of all fields. Raises `TypeError` where they do not fit."""
    missing = fields[len(values) :]
    rest = {field: defaults[field] for field in missing if field in defaults} | named
    if len(values) > len(fields) or rest.keys() != set(missing):
        raise TypeError(f"{name}() takes {', '.join(fields)}; {len(values)} values and {list(named)} do not fit")
    return (*values, *(rest[field] for field in missing))


def _compiled(fields: tuple[str, ...], defaults: dict[str, Any]) -> Any:
    """What `collections.namedtuple` makes for every class."""
    names = "".join(f"{field}, " for field in fields)
    made: Any = eval(f"lambda _cls, {names}: _new(_cls, ({names}))", {"_new": _new})
    made.__defaults__ = tuple(defaults.values()) or None
    return staticmethod(made)


_base = (type.__new__(_Meta, "NamedTuple", (), {}),)
named_tuple.__mro_entries__ = _bases  # type: ignore[attr-defined]
