"""msgspec is quick to import and whole all the same."""

import subprocess
import sys

import pytest

BEGIN = "import sys; from tokcost.readers.quick import msgspec; "


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
