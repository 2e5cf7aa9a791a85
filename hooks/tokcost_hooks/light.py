"""Named tuples, made in a fifth of the time.

A hook defines more than fifty of them, and `typing` writes, compiles and runs code for each: that would be a quarter of
what a hook takes. What is made here behaves the same, and a test holds the two together; only making one of it is a
little slower.
"""

import typing
from _collections import _tuplegetter  # type: ignore[attr-defined]
from collections.abc import Callable, Iterable
from typing import Any


def install() -> None:
    """Let `from typing import NamedTuple` give these from now on."""
    typing.NamedTuple = _named_tuple  # type: ignore[misc,assignment]


def _named_tuple(*_: object) -> None:
    raise TypeError("in a hook, named tuples are written as classes")


class _Methods(tuple[Any, ...]):
    __slots__ = ()
    _fields: tuple[str, ...] = ()

    @classmethod
    def _make(cls, values: Iterable[Any]) -> "_Methods":
        made: Any = tuple.__new__(cls, values)  # pyright: ignore[reportUnknownMemberType]
        if len(made) != len(cls._fields):
            raise TypeError(f"Expected {len(cls._fields)} arguments, got {len(made)}")
        return made

    def _replace(self, /, **changes: Any) -> "_Methods":
        made = self._make(map(changes.pop, self._fields, self))
        if changes:
            raise ValueError(f"Got unexpected field names: {list(changes)!r}")
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
    count = len(fields)

    def __new__(cls: type, /, *values: Any, **named: Any) -> Any:
        if len(values) != count or named:
            if len(values) > count:
                raise TypeError(f"{name}() takes {count} values, not {len(values)}")
            rest = {field: defaults[field] for field in fields[len(values) :] if field in defaults} | named
            if rest.keys() != set(fields[len(values) :]):
                raise TypeError(f"{name}() takes {', '.join(fields)}; {', '.join(rest)} do not fit")
            values = (*values, *(rest[field] for field in fields[len(values) :]))
        return tuple.__new__(cls, values)  # pyright: ignore[reportUnknownMemberType, reportUnknownVariableType]

    return __new__


_named_tuple.__mro_entries__ = lambda _: (type.__new__(_Meta, "NamedTuple", (), {}),)  # type: ignore[attr-defined]
