"""msgspec, imported in half the time. It asks `typing_extensions` for what Python's own `typing` has as well, and that
module loads everything that takes Python code apart: a hook has better uses for 8 ms."""

import sys

_IS_NEW = "typing_extensions" not in sys.modules
if _IS_NEW:
    sys.modules["typing_extensions"] = None  # type: ignore[assignment]
try:
    import msgspec
finally:
    if _IS_NEW:
        del sys.modules["typing_extensions"]

__all__ = ["msgspec"]
