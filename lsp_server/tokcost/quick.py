"""msgspec, imported in a third of the time: a hook has better uses for 10 ms. And JSON by it, where a hook that imports
it anyway would need `json` besides.

Of what it brings along we need the decoder; the rest loads when somebody asks for it. And what it wants to know before
it can decode (`typing_extensions`, the name of the operating system) costs more than all of itself.
"""

import os
import sys
from importlib import import_module
from types import ModuleType
from typing import Any

from tokcost import light

_LATER = ("inspect", "toml", "yaml", "_json_schema")
_SCHEMA = ("schema", "schema_components")


def _stand_ins() -> dict[str, Any]:
    """What is there instead while msgspec is imported; nothing where the real one is there already. `None` is Python's
    way to say that there is no such module: then Python's own `typing` has to do."""
    schema = ModuleType("schema")
    schema.__dict__.update(dict.fromkeys(_SCHEMA))
    platform = ModuleType("platform")
    platform.__dict__["system"] = lambda: os.uname().sysname
    found = {f"msgspec.{name}": schema if name == "_json_schema" else ModuleType(name) for name in _LATER}
    found |= {"typing_extensions": None} | ({"platform": platform} if hasattr(os, "uname") else {})
    found |= _unused_types() if light.alone else {}
    return {name: module for name, module in found.items() if name not in sys.modules}


def _unused_types() -> dict[str, ModuleType]:
    """Types that msgspec can decode and nothing of ours contains."""
    decimal, uuid = ModuleType("decimal"), ModuleType("uuid")
    decimal.__dict__["Decimal"] = type("Decimal", (), {})
    uuid.__dict__.update(UUID=type("UUID", (), {}), SafeUUID=type("SafeUUID", (), {"unknown": None}))
    return {"decimal": decimal, "uuid": uuid}


def _load_later(package: ModuleType) -> None:
    def part(name: str) -> Any:
        if name not in _LATER:
            raise AttributeError(f"module 'msgspec' has no attribute {name!r}")
        return import_module(f"msgspec.{name}")

    def schema(name: str) -> Any:
        if name not in _SCHEMA:
            raise AttributeError(f"module 'msgspec.json' has no attribute {name!r}")
        return getattr(part("_json_schema"), name)

    for module, names, ask in ((package, _LATER, part), (package.json, _SCHEMA, schema)):
        for name in names:
            module.__dict__.pop(name, None)
        module.__dict__["__getattr__"] = ask


if "msgspec" in sys.modules:
    import msgspec
else:
    _given = _stand_ins()
    sys.modules.update(_given)
    try:
        import msgspec
    finally:
        for _name in _given:
            del sys.modules[_name]
    _load_later(msgspec)


def to_json(value: Any) -> str:
    """A value as compact JSON, its texts as they are. Raises `TypeError` for what JSON has no word for."""
    try:
        return msgspec.json.encode(value).decode()
    except UnicodeEncodeError:  # half a character, from a text that was no UTF-8
        import json

        return json.dumps(value, separators=(",", ":"))


def from_json(text: str | bytes) -> Any:
    """The value of a JSON text. Raises `ValueError` for what is none."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):  # half a character, or no JSON at all
        import json

        return json.loads(text)


__all__ = ["from_json", "msgspec", "to_json"]
