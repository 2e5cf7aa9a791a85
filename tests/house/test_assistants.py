"""The page on assistants says what their readers declare."""

from pathlib import Path

from tokcost.model.logs import Capabilities
from tokcost.model.usage import Tokens
from tokcost.readers.registry import readers

ROOT = Path(__file__).parent.parent.parent
HEAD = (
    "| assistant | checked with | counts | names a folder for | names a branch for "
    "| keeps its logs | billed but not logged |"
)

BY_THEIR_SOURCE = {"roo-code", "kilo-code", "goose", "pi", "amp", "otel"}
"""The assistants of which no real log could be had: they run in an editor alone, or come from no registry. Real
telemetry is in `tests/receivers/sent`."""


def row(name: str, can: Capabilities) -> str:
    cells = (
        f"`{name}`",
        can.versions,
        ", ".join(can.classes).replace("_", " "),
        can.folder if can.folder != "none" else "nothing",
        can.branch if can.branch != "none" else "nothing",
        can.retention or "for ever",
        can.gaps or "nothing that is known",
    )
    return f"| {' | '.join(cells)} |"


def ours() -> dict[str, Capabilities]:
    return {one.name: one.capabilities for one in readers() if type(one).__module__.startswith("tokcost.")}


def test_the_page_on_assistants_has_the_row_of_each_reader() -> None:
    lines = (ROOT / "docs/assistants.md").read_text(encoding="utf-8").splitlines()
    begin = lines.index(HEAD)
    table = [line for line in lines[begin + 2 :] if line.startswith("|")]
    assert table == [row(name, can) for name, can in ours().items()]


def test_a_reader_declares_what_it_was_checked_with_and_classes_that_there_are() -> None:
    for can in ours().values():
        assert can.versions
        assert set(can.classes) <= set(Tokens._fields)


def test_every_assistant_is_named_in_the_readme_and_has_a_sample() -> None:
    readme = (ROOT / "README.md").read_text(encoding="utf-8")
    names = {
        "claude-code": "Claude Code",
        "codex": "Codex CLI",
        "gemini-cli": "Gemini CLI",
        "opencode": "opencode",
        "cline": "Cline",
        "roo-code": "Roo Code",
        "kilo-code": "Kilo Code",
        "goose": "Goose",
        "pi": "pi",
        "aider": "aider",
        "copilot-cli": "GitHub Copilot CLI",
        "qwen-code": "Qwen Code",
        "copilot-chat": "Copilot Chat",
        "amp": "Amp",
        "otel": "`tokcost otel`",
    }
    assert set(names) == set(ours())
    assert all(name in readme for name in names.values())
    samples = {path.name.partition("-")[0] for path in (ROOT / "tests/samples").iterdir()}
    assert {name for name in names if name.partition("-")[0] not in samples} == BY_THEIR_SOURCE
