"""Texts that users read are plain English: phrases that used to come back stay out of every one of them."""

import ast
import json
import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from support.sources import parsed

ROOT = Path(__file__).parent.parent.parent
MODULES = sorted(path for root in ("lsp_server/tokcost", "hooks/tokcost_hooks") for path in (ROOT / root).rglob("*.py"))
CLIENT = ROOT / "vscode-client"
VALUE = "{}"
"""What stands for a value in a text that has some."""
REFUSED = {
    r"(?<!there )\b(?:is|are|was|were) no (?!longer\b)": "X is not a Y",
    r"\b(?:look|see) whether\b": "check that",
    r"(?:\b[0-9]|\{\}) usage\b": "responses are counted, usage is not",
    r"(?:\b1|\{\}) (?:reply|replies|requests?)\b": "the counted thing is a response",
    r"\bsay (?:it|the same) again\b": "run the command again",
    r"\bdate words\b": "in any form that git accepts",
    r"\bexclude each other\b": "cannot be used together",
    r"\b(?:is|are) the most\b": "at most",
    r"\b(?:all|hooks|lines) of ours\b|\bthan ours\b": "tokcost's",
}
"""Phrases, as patterns without regard to case, and what to write instead."""
UNCOUNTED = {"reply", "request", "usage"}
"""Nouns that `counted` puts behind no number."""


def is_command(node: ast.AST) -> bool:
    """Whether a function is a command, whose docstring is its help."""
    return isinstance(node, ast.FunctionDef) and any(
        re.search(r"\b(?:command|group)\(", ast.unparse(one)) for one in node.decorator_list
    )


def docstrings(tree: ast.Module) -> Iterator[ast.expr]:
    """Texts that stand alone as a statement, and are not the help of a command."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Module | ast.ClassDef | ast.FunctionDef | ast.AsyncFunctionDef):
            alone = [one.value for one in node.body if isinstance(one, ast.Expr)]
            yield from alone[1:] if is_command(node) else alone


def pieces(text: ast.JoinedStr) -> str:
    """A text with values, as in the catalogues of translations."""
    return "".join(str(one.value) if isinstance(one, ast.Constant) else VALUE for one in text.values)


def shown(tree: ast.Module) -> Iterator[str]:
    """The texts of a module that may reach a screen, and some that do not, such as SQL."""
    hidden = set(map(id, docstrings(tree)))
    for node in ast.walk(tree):
        if isinstance(node, ast.JoinedStr):
            hidden |= set(map(id, node.values))
            yield pieces(node)
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str) and id(node) not in hidden:
            yield re.sub(r"\{[0-9a-z_]*\}", VALUE, node.value)


def refused(text: str) -> list[str]:
    """The phrases in a text that are refused."""
    plain = " ".join(text.split())
    found = (re.search(pattern, plain, re.IGNORECASE) for pattern in REFUSED)
    return [f"{one[0]!r} in {plain!r}" for one in found if one]


@pytest.mark.parametrize(
    "source",
    [
        'raise E(f"{path} is no file", "Look whether it is there.")',
        'say("{0} is no Python")',
        'Check("file", f"{count:,} usage")',
        'said = "1 reply broke off"',
        'say("{0} requests", f"{count:,}")',
        'hint = "Save it,"\\\n  " and say it again."',
        '@click.command()\ndef command():\n    """Only usage from DATE on, in git\'s date words."""',
    ],
)
def test_a_refused_phrase_is_found_in_a_text_that_is_shown(source: str) -> None:
    assert [one for text in shown(ast.parse(source)) for one in refused(text)]


@pytest.mark.parametrize(
    "source",
    [
        'said = "there is no branch feat/x"',
        'said = "this folder is no longer a clone"',
        'def read():\n    """Read a file that is no log."""',
        'said = f"{count} responses, each with its usage"',
        'said = "fees per request"',
    ],
)
def test_other_texts_pass(source: str) -> None:
    assert [one for text in shown(ast.parse(source)) for one in refused(text)] == []


def test_no_text_of_a_module_has_a_refused_phrase() -> None:
    found = {
        str(path.relative_to(ROOT)): one
        for path in MODULES
        for text in shown(parsed(path))
        if " " in text
        for one in refused(text)
    }
    assert found == {}


def test_no_text_of_the_extension_has_a_refused_phrase() -> None:
    catalogues = (CLIENT / "package.nls.json", CLIENT / "l10n/bundle.l10n.json")
    texts = [text for path in catalogues for text in json.loads(path.read_text(encoding="utf-8")).values()]
    assert len(texts) > 200
    found = [one for text in texts for one in refused(re.sub(r"\{[0-9]\}", VALUE, text))]
    assert found == []


def test_responses_are_counted_and_nothing_else_that_means_them() -> None:
    for path in MODULES:
        for node in ast.walk(parsed(path)):
            if isinstance(node, ast.Call) and ast.unparse(node.func) == "counted" and len(node.args) > 1:
                noun = node.args[1]
                assert not (isinstance(noun, ast.Constant) and noun.value in UNCOUNTED), (path, node.lineno)
