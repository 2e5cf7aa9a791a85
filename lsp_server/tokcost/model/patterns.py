"""Regular expressions that most processes never use.

Compiling one takes Python a tenth of a millisecond or more, and a commit waits for every module that its hooks import.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import AnyStr


def compiled_when_used(pattern: AnyStr, flags: int = 0) -> Callable[[], re.Pattern[AnyStr]]:
    """A function that returns the pattern, compiled at the first call."""
    return cache(lambda: re.compile(pattern, flags))
