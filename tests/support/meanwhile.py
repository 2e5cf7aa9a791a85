"""Something that another program does to a folder while ours reads it, at every moment in turn."""

import sys
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path

_EVENTS = ("open", "os.scandir", "os.listdir")


class Meanwhile:
    """Acts once, just before Python opens or lists something in a folder for the nth time."""

    def __init__(self, folder: Path, moment: int, act: Callable[[], object]) -> None:
        self._folder, self._left, self._act = str(folder), moment, act

    @property
    def has_acted(self) -> bool:
        """Whether that moment came."""
        return self._left < 0

    def hear(self, event: str, args: tuple[object, ...]) -> None:
        """Hear what Python is about to do."""
        if event in _EVENTS and not self.has_acted and str(args[0]).startswith(self._folder):
            self._left -= 1
            if self.has_acted:
                self._act()


_hearing: list[Meanwhile] = []
sys.addaudithook(lambda event, args: [one.hear(event, args) for one in _hearing] and None)


@contextmanager
def meanwhile(folder: Path, moment: int, act: Callable[[], object]) -> Generator[Meanwhile]:
    """Have something done to a folder at a moment of what follows."""
    one = Meanwhile(folder, moment, act)
    _hearing.append(one)
    try:
        yield one
    finally:
        _hearing.remove(one)
