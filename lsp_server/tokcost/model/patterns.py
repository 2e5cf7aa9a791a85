"""Regular expressions that most processes never use.

Compiling one takes Python a tenth of a millisecond and more; a commit waits for every module that its hooks load.
"""

import re
from collections.abc import Callable
from functools import cache
from typing import AnyStr


def compiled_when_used(pattern: AnyStr, flags: int = 0) -> Callable[[], re.Pattern[AnyStr]]:
    """A function that returns the pattern, which is compiled when it is called first."""
    return cache(lambda: re.compile(pattern, flags))
