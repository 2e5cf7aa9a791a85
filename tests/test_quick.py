"""msgspec is quick to import and whole all the same."""

import json
import subprocess
import sys
from typing import Any, NamedTuple

import pytest

from tokcost.quick import from_json, to_json

BEGIN = "import sys; from tokcost.quick import msgspec; "


def python(code: str) -> str:
    done = subprocess.run([sys.executable, "-P", "-c", code], capture_output=True, text=True, check=True)
    return done.stdout.strip()


def test_decoding_needs_neither_schemas_nor_the_name_of_the_system() -> None:
    names = "('msgspec.inspect', 'msgspec._json_schema', 'msgspec.yaml', 'typing_extensions', 'platform')"
    assert python(f"{BEGIN}print(msgspec.json.decode(b'[1]'), [n for n in {names} if n in sys.modules])") == "[1] []"


@pytest.mark.parametrize(
    "expression",
    [
        "msgspec.json.schema(int)",
        "msgspec.json.schema_components([int])",
        "msgspec.inspect.type_info(int)",
        "msgspec.yaml.__name__, msgspec.toml.__name__",
        "msgspec.json.decode(b'\"6b29fc40-ca47-1067-b31d-00dd010662da\"', type=__import__('uuid').UUID)",
        "msgspec.convert('2026-11-24', __import__('datetime').date)",
        "__import__('platform').system(), __import__('uuid').UUID(int=7)",
        "hasattr(msgspec, 'nothing'), hasattr(msgspec.json, 'nothing'), hasattr(msgspec.json, 'inspect')",
    ],
)
def test_what_was_left_out_is_there_when_somebody_asks(expression: str) -> None:
    assert python(f"{BEGIN}print({expression})") == python(f"import msgspec; print({expression})")


def test_a_msgspec_that_is_there_already_is_left_as_it_is() -> None:
    assert python(f"import msgspec as first; before = dict(vars(first)); {BEGIN}print(vars(first) == before)") == "True"


TEXTS = ["", "é\u2028", '"\\\x00\x1f\x7f', "\ud800 half a character", "\U0001f600"]
VALUES = [*TEXTS, 0, -1, 10**30, True, None, 1.5, [1, [2]], {"a": (1, "b")}, [], {}]


@pytest.mark.parametrize("value", VALUES)
def test_json_says_what_python_says_and_gives_back_what_was_said(value: Any) -> None:
    assert json.loads(to_json(value)) == json.loads(json.dumps(value))
    assert from_json(to_json(value)) == from_json(json.dumps(value)) == json.loads(json.dumps(value))
    assert "\n" not in to_json(value)


def test_a_named_tuple_is_a_list_in_json() -> None:
    class Point(NamedTuple):
        x: int
        name: str = "é"

    assert to_json([Point(1)]) == '[[1,"é"]]'


@pytest.mark.parametrize("text", ["", "{", "[1,]", b"\xff", "nothing"])
def test_what_is_no_json_is_a_value_error(text: str | bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011
        from_json(text)


ALONE = "import sys; from tokcost import light; light.alone = {}; from tokcost.quick import msgspec; "


def test_a_hook_of_ours_alone_does_without_types_that_our_records_do_not_contain() -> None:
    left = "print(sorted({'decimal', 'uuid'} & set(sys.modules)), msgspec.json.decode(b'[1.5]'))"
    assert python(ALONE.format(True) + left) == "[] [1.5]"
    assert python(ALONE.format(False) + left) == "['decimal', 'uuid'] [1.5]"
