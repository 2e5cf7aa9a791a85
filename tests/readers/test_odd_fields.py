"""Fields of another type than usual, on which no count depends: the record counts as if they were not there. Newer
versions, other front ends and gateways write such records (Claude Code and Codex have files of their own)."""

import json
import shutil
from pathlib import Path
from typing import Any

import pytest

from tokcost.model.bounds import within_bounds
from tokcost.model.usage import Tokens
from tokcost.readers.cline_family.reader import ClineReader
from tokcost.readers.copilot_cli.reader import CopilotCliReader
from tokcost.readers.gemini.reader import GeminiReader
from tokcost.readers.protocol import Reader
from tokcost.readers.qwen.reader import QwenReader

CASES = Path(__file__).parents[1] / "conformance/cases"
FIELDS: list[tuple[Reader, str, tuple[str, ...]]] = [
    (QwenReader(), "qwen-telemetry-and-message", ("cwd", "gitBranch", "event.timestamp", "model", "auth_type")),
    (CopilotCliReader(), "copilot-killed-session", ("branch", "gitRoot", "model", "isByok", "accounting", "agentId")),
    (GeminiReader(), "gemini-document-and-log", ("projectHash", "model", "kind", "toolCalls", "thoughts")),
    (ClineReader(), "cline-cache-inside-input", ("modelInfo", "provider", "git", "content", "updated_at")),
]
ODD: tuple[Any, ...] = (7, {"slug": "x"}, ["x"], True)


def replaced(value: Any, name: str, odd: Any) -> Any:
    """The same with something else in each field of that name, but for the counts of thoughts."""
    if isinstance(value, list):
        return [replaced(one, name, odd) for one in value]
    if not isinstance(value, dict):
        return value
    return {
        key: odd if key == name and not isinstance(inner, int) else replaced(inner, name, odd)
        for key, inner in value.items()
    }


def told(reader: Reader, home: Path) -> tuple[dict[str, Tokens], dict[str, int]]:
    """The responses of all logs in a home, and what was passed over."""
    found: dict[str, Tokens] = {}
    skipped: dict[str, int] = {}
    for location in reader.locations({"HOME": str(home)}):
        for source in reader.discover(location):
            for batch in reader.read(source, None):
                sifted = within_bounds(batch, reader.name)
                found |= {one.key: one.tokens for one in sifted.usage}
                skipped |= sifted.skipped
    return found, skipped


@pytest.mark.parametrize("odd", ODD)
@pytest.mark.parametrize(
    ("reader", "case", "name"), [(reader, case, name) for reader, case, names in FIELDS for name in names]
)
def test_a_field_on_which_no_count_depends_may_have_another_type(
    reader: Reader, case: str, name: str, odd: Any, tmp_path: Path
) -> None:
    right, odd_home = tmp_path / "right", tmp_path / "odd"
    for home in (right, odd_home):
        shutil.copytree(CASES / case / "home", home, ignore=shutil.ignore_patterns("*.sql"))
    for path in odd_home.rglob("*.json*"):
        text = path.read_text()
        lines = text.splitlines() if path.suffix == ".jsonl" else [text]
        path.write_text("".join(json.dumps(replaced(json.loads(one), name, odd)) + "\n" for one in lines))
    tokens, skipped = told(reader, odd_home)
    assert sorted(tokens.values()) == sorted(told(reader, right)[0].values()) != []
    assert not skipped


def test_an_odd_branch_leaves_the_folder_of_a_session(tmp_path: Path) -> None:
    shutil.copytree(CASES / "copilot-killed-session/home", tmp_path / "home")
    (path,) = (tmp_path / "home").rglob("events.jsonl")
    lines = [json.loads(one) for one in path.read_text().splitlines()]
    path.write_text("".join(json.dumps(replaced(one, "branch", {"name": "feat/a"})) + "\n" for one in lines))
    reader = CopilotCliReader()
    (source,) = reader.discover(reader.locations({"HOME": str(tmp_path / "home")})[0])
    (batch,) = reader.read(source, None)
    assert [(one.cwd, one.branch) for one in batch.usage] == [("@ROOT@/repo", "")]
