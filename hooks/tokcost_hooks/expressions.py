"""Regular expressions, kept in the bundle as `re` compiles them.

A hook uses some twenty, and compiling them anew takes it 2 ms. What is kept is what `re` gives to the engine beneath
it, which is neither public nor the same in every Python: the bundle belongs to one Python, and where `re` is not made
like this, all are compiled as ever.
"""

import re
from contextlib import suppress
from types import ModuleType
from typing import Any, TypeAlias

MOST = 50
"""So many are kept: what belongs to one repository alone shall not fill the bundle."""

Compiled: TypeAlias = tuple[int, list[int], int, dict[str, int], tuple[str | None, ...]]
"""Flags, code, number of groups, groups by name, names by group."""
Known: TypeAlias = dict[tuple[str | bytes, int], Compiled]
"""By text and flags."""


def install(known: Known) -> Known:
    """Have `re` take from `known` what is there, for as long as this process runs; what had to be compiled is added to
    the one returned."""
    new: Known = {}
    compiler: Any = getattr(re, "_compiler", None)
    engine: Any = getattr(compiler, "_sre", None)
    slow: Any = getattr(compiler, "compile", None)
    if engine is None or slow is None:
        return new

    def compile(text: Any, flags: int = 0) -> Any:
        ready = known.get((text, int(flags))) if isinstance(text, str | bytes) else None
        if ready is not None:
            # The engine checks what a failing disk may have changed.
            with suppress(RuntimeError, TypeError, ValueError):
                return engine.compile(text, *ready)
        if not isinstance(text, str | bytes) or len(known) + len(new) >= MOST:
            return slow(text, flags)
        compiler._sre = _Watched(engine, new, flags)
        try:
            return slow(text, flags)
        finally:
            compiler._sre = engine

    compiler.compile = compile
    return new


class _Watched(ModuleType):
    """The engine, noting what it is given."""

    def __init__(self, engine: Any, new: Known, flags: int) -> None:
        super().__init__("_sre")
        self.__dict__.update(engine.__dict__)

        def compile(text: str | bytes, flags_found: int, code: list[int], *given: Any) -> Any:
            ready = (int(flags_found), [int(one) for one in code], *given)
            new[text, int(flags)] = ready
            return engine.compile(text, *ready)

        self.compile = compile
