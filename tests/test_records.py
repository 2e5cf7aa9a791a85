"""Our records behave like data classes."""

from dataclasses import dataclass
from dataclasses import field as dataclass_field
from typing import Any

import pytest

from tokcost.records import field, record

CLASS = '''
class Shelf:
    """Some books."""

    name: str
    books: list[str] = field(default_factory=list)
    """In their order."""
    width: int = 80

    @property
    def is_empty(self) -> bool:
        return not self.books

    def add(self, book: str) -> None:
        self.books.append(book)
'''


def made(decorator: Any, field: Any) -> Any:
    space: dict[str, Any] = {"field": field, "__name__": __name__}
    exec(CLASS, space)
    return decorator(space["Shelf"])


OURS = made(record, field)
THEIRS = made(dataclass(slots=True), dataclass_field)

EXPRESSIONS = [
    "Shelf('a')",
    "Shelf('a', ['b'], 3)",
    "Shelf(width=2, name='x')",
    "Shelf('a') == Shelf('a', [], 80)",
    "Shelf('a') == Shelf('b')",
    "Shelf('a') == 'a'",
    "Shelf('a').books is Shelf('a').books",
    "Shelf('a').is_empty",
    "[shelf := Shelf('a'), shelf.add('b'), shelf.books, shelf.is_empty]",
    "hasattr(Shelf('a'), '__dict__')",
    "Shelf.__doc__",
    "Shelf.__name__",
    "Shelf.__match_args__",
    "Shelf.__slots__",
]
MISTAKES = ["Shelf()", "Shelf('a', [], 1, 2)", "Shelf('a', height=2)", "Shelf('a', name='b')", "hash(Shelf('a'))"]


@pytest.mark.parametrize("expression", EXPRESSIONS)
def test_a_record_answers_as_a_data_class(expression: str) -> None:
    assert repr(eval(expression, {"Shelf": OURS})) == repr(eval(expression, {"Shelf": THEIRS}))


@pytest.mark.parametrize("expression", MISTAKES)
def test_a_record_refuses_what_a_data_class_refuses(expression: str) -> None:
    for shelf in (OURS, THEIRS):
        with pytest.raises(TypeError):
            eval(expression, {"Shelf": shelf})


def test_a_field_that_is_none_can_be_neither_read_nor_written() -> None:
    for shelf in (OURS, THEIRS):
        with pytest.raises(AttributeError):
            shelf("a").hight = 3
