"""All that the language server says to a person can be translated, and every translation fits the code."""

import ast
import json
import re
from pathlib import Path

import pytest

from tokcost.lsp.words import SHIPPED
from tokcost.reports.words import PLACE

PACKAGE = SHIPPED.parent.parent
REPORTS = ("editor", "table_json", "trailers", "hooks", "budget_table", "rules", "drivers")
SPEAKING = [*PACKAGE.glob("lsp/**/*.py"), *(PACKAGE / f"reports/{name}.py" for name in REPORTS)]
SAYS = re.compile(r"say|self\._say\(\)|(self\._)?server\.words")
BASE: dict[str, str] = json.loads((SHIPPED / "bundle.l10n.json").read_text(encoding="utf-8"))


def asked(path: Path) -> set[str]:
    """The texts that a file has said in the language of the person."""
    calls = [one for one in ast.walk(ast.parse(path.read_text(encoding="utf-8"))) if isinstance(one, ast.Call)]
    texts = [one.args[0] for one in calls if SAYS.fullmatch(ast.unparse(one.func)) and one.args]
    return {one.value for one in texts if isinstance(one, ast.Constant) and isinstance(one.value, str)}


def test_the_catalogue_has_every_text_that_the_server_says_and_no_other() -> None:
    assert set().union(*map(asked, SPEAKING)) == BASE.keys()
    assert all(text == said for text, said in BASE.items())


@pytest.mark.parametrize("path", sorted(SHIPPED.glob("*.json")), ids=lambda path: path.name)
def test_a_shipped_translation_is_of_texts_that_there_are_and_keeps_their_values(path: Path) -> None:
    assert re.fullmatch(r"bundle\.l10n(\.[a-z0-9-]+)?\.json", path.name)
    said: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))
    assert said.keys() <= BASE.keys()
    assert [text for text in said if set(PLACE.findall(text)) != set(PLACE.findall(said[text]))] == []
