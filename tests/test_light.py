"""Our named tuples behave like those of `typing`."""

import subprocess
import sys
from pathlib import Path
from typing import Any, Generic, NamedTuple, TypeVar

import pytest

T = TypeVar("T")
ROOT = Path(__file__).parent.parent
CLASSES = '''
class Point(NamedTuple):
    """A point."""

    x: int
    y: int = 2
    name: str = ""

    @property
    def twice(self) -> int:
        return self.x * 2

    def moved(self, by: int) -> "Point":
        return self._replace(x=self.x + by)

    @classmethod
    def origin(cls) -> "Point":
        return cls(0, 0)


class Empty(NamedTuple):
    pass


class Pair(NamedTuple, Generic[T]):
    one: T
    two: T


Called = NamedTuple("Called", [("a", int), ("b", str)])
'''


def made(light: bool) -> dict[str, Any]:
    """The same classes, made by `typing` or by ours."""
    from tokcost import light as module

    typing_one: Any = NamedTuple
    space: dict[str, Any] = {
        "NamedTuple": module.named_tuple if light else typing_one,
        "__name__": __name__,
        "Generic": Generic,
    }
    space["T"] = T
    exec(CLASSES, space)
    return space


EXPRESSIONS = [
    "Point(1)",
    "Point(1, 3, 'a')",
    "Point(x=1, name='b')",
    "Point(1, name='c')",
    "Point()",
    "Point(1, 2, 'd', 4)",
    "Point(1, x=1)",
    "Point(1, z=1)",
    "Point(1).twice",
    "Point(1).moved(4)",
    "Point.origin()",
    "Point(1)._replace(y=5)",
    "Point(1)._replace(z=5)",
    "Point(1)._asdict()",
    "Point._make([1, 2, 'e'])",
    "Point._make([1])",
    "Point._fields",
    "Point._field_defaults",
    "Point.__match_args__",
    "Point.__doc__",
    "Point.__annotations__",
    "Point(1) == (1, 2, '')",
    "hash(Point(1)) == hash((1, 2, ''))",
    "Point(1) < Point(2)",
    "[*Point(1)]",
    "Point(1)[1]",
    "Point(1).__getnewargs__()",
    "isinstance(Point(1), tuple)",
    "setattr(Point(1), 'x', 2)",
    "setattr(Point(1), 'other', 2)",
    "Empty()",
    "Empty(1)",
    "Pair[int](1, 2)",
    "Called(1, 'f')",
]


def outcome(expression: str, space: dict[str, Any]) -> str:
    try:
        return repr(eval(expression, space))
    except Exception as error:
        return type(error).__name__


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_what_is_asked_of_one_gets_the_same_answer(expression: str) -> None:
    assert outcome(expression, made(True)) == outcome(expression, made(False))


def test_our_own_classes_are_made_so() -> None:
    code = (
        f"import sys; sys.path += {[str(ROOT / 'hooks'), str(ROOT / 'lsp_server')]!r};"
        "from tokcost import light; light.install();"
        "from tokcost.model.usage import Tokens, Usage;"
        "print(Tokens(1, output=2).total, Usage('a', 'k', 1, 'm', Tokens())._replace(cwd='c').cwd,"
        " '_Methods' in str(Tokens.__mro__))"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "3 c True\n"


def test_a_class_that_is_used_a_lot_goes_on_as_before() -> None:
    space = made(True)
    point = space["Point"]
    assert [point(n, name="n") for n in range(300)] == [(n, 2, "n") for n in range(300)]
    assert [outcome(one, space) for one in EXPRESSIONS] == [outcome(one, made(False)) for one in EXPRESSIONS]


def test_who_took_the_other_one_before_goes_on_with_it() -> None:
    code = (
        f"import sys; sys.path += {[str(ROOT / 'lsp_server')]!r};"
        "from typing import Generic, NamedTuple, TypeVar; import typing; from tokcost import light; light.install();"
        "T = TypeVar('T'); A = type('A', (), {});"
        "exec('class B(NamedTuple):\\n    x: int\\nclass C(NamedTuple, Generic[T]):\\n    x: T\\n"
        "class D(typing.NamedTuple, Generic[T]):\\n    x: T');"
        "print(B(1), C(2), D(3), typing.NamedTuple is not NamedTuple)"
    )
    done = subprocess.run([sys.executable, "-I", "-S", "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout == "B(x=1) C(x=2) D(x=3) True\n"


DATES = """
import sys
from tokcost import light
if {light}: light.install()
import datetime, json, pickle, time
from datetime import UTC, date, timedelta, timezone
now = datetime.datetime(2026, 11, 25, 3, 4, 5, 678901, tzinfo=UTC)
print(now.isoformat(), repr(now), now.strftime("%Y-%m-%d"), datetime.datetime.strptime("2026-01-02", "%Y-%m-%d"))
print(pickle.loads(pickle.dumps(now)) == now, date.fromisoformat("2026-11-25"), now - timedelta(1), datetime.MAXYEAR)
print(now.astimezone(timezone(timedelta(hours=2))), datetime.datetime.fromisoformat("2026-11-25T03:04:05Z") < now)
import sqlite3
print(sqlite3.Date(2026, 1, 2), [n for n in ("date", "datetime", "time", "tzinfo", "UTC") if hasattr(datetime, n)])
"""


def test_dates_are_those_of_python() -> None:
    said = [
        subprocess.run(
            [sys.executable, "-W", "ignore", "-c", DATES.format(light=light)],
            capture_output=True,
            text=True,
            check=True,
        ).stdout
        for light in (True, False)
    ]
    assert said[0] == said[1]
    assert "2026-11-25T03:04:05.678901+00:00" in said[0]
