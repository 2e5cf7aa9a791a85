"""Regular expressions that are compiled when they are first used.

Compiling one takes a tenth of a millisecond, a hook imports thirty and uses six.
"""

import re
from typing import Any, overload


class _Pattern:
    """Becomes the pattern, as far as anybody can see, when it is first asked for something."""

    def __init__(self, text: Any, flags: int) -> None:
        self._given = text, flags

    def __getattr__(self, name: str) -> Any:
        if name.startswith("__"):
            raise AttributeError(name)
        compiled: Any = re.compile(*self._given)
        # From now on these are found without asking here.
        self.__dict__.update({method: getattr(compiled, method) for method in _ATTRIBUTES})
        return getattr(compiled, name)


_ATTRIBUTES = (
    *("match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"),
    *("pattern", "flags", "groups", "groupindex"),
)


@overload
def pattern(text: str, flags: int = 0) -> re.Pattern[str]: ...
@overload
def pattern(text: bytes, flags: int = 0) -> re.Pattern[bytes]: ...
def pattern(text: Any, flags: int = 0) -> Any:
    """What `re.compile` makes of a text; a wrong one raises `re.error` when it is first used."""
    return _Pattern(text, flags)
