"""Classes of plain, changeable fields: what `dataclasses` makes, without its price.

`dataclasses` writes and compiles code for each class and loads all that takes Python apart for it, a tenth of the time
that a short command takes. What is made here does the same, a little slower when there are many; a test holds the two
together. Values that never change are named tuples (`light.py`).
"""

from collections.abc import Callable
from typing import Any, TypeVar, dataclass_transform

_Class = TypeVar("_Class", bound=type)


class _Made:
    """A default that every instance gets a new one of."""

    def __init__(self, factory: Callable[[], Any]) -> None:
        self.make = factory


def field(*, default_factory: Callable[[], Any]) -> Any:
    """A field with a default that is made anew for each instance."""
    return _Made(default_factory)


@dataclass_transform(field_specifiers=(field,))
def record(cls: _Class) -> _Class:
    """A class with a slot for each annotated field, made from values in their order or by name, equal where all
    fields are."""
    body = {name: value for name, value in cls.__dict__.items() if name not in ("__dict__", "__weakref__")}
    fields = tuple(cls.__annotations__)
    defaults = {name: body.pop(name) for name in fields if name in body}
    body |= {
        "__slots__": fields,
        "__match_args__": fields,
        "__init__": _constructor(cls.__name__, fields, defaults),
        "__eq__": _equal,
        "__hash__": None,
        "__repr__": _shown,
    }
    made: Any = type(cls)(cls.__name__, cls.__bases__, body)
    return made


def _constructor(name: str, fields: tuple[str, ...], defaults: dict[str, Any]) -> Callable[..., None]:
    def __init__(self: Any, /, *values: Any, **named: Any) -> None:
        if len(values) > len(fields):
            raise TypeError(f"{name}() takes {len(fields)} values, {len(values)} were given")
        for field, value in zip(fields, values, strict=False):
            setattr(self, field, value)
        for field in fields[len(values) :]:
            if field in named:
                value = named.pop(field)
            elif field in defaults:
                value = defaults[field]
                value = value.make() if type(value) is _Made else value
            else:
                raise TypeError(f"{name}() needs {field}")
            setattr(self, field, value)
        if named:
            raise TypeError(f"{name}() takes {', '.join(fields)}; {', '.join(named)} cannot be given")

    return __init__


def _values(one: Any) -> dict[str, Any]:
    fields: Any = one.__slots__
    return {name: getattr(one, name) for name in fields}


def _equal(self: Any, other: object) -> bool:
    return _values(self) == _values(other) if type(other) is type(self) else NotImplemented


def _shown(self: Any) -> str:
    return f"{type(self).__name__}({', '.join(f'{name}={value!r}' for name, value in _values(self).items())})"
