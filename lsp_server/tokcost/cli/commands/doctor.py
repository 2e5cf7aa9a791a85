"""`tokcost doctor`: the evidence behind the numbers, and any problems."""

import json
import os
from pathlib import Path

import click

from tokcost.cli import screen
from tokcost.errors import UsageError
from tokcost.model.checks import Check, Diagnosis
from tokcost.reports.diagnosis import diagnosis_lines
from tokcost.services.doctor import diagnose
from tokcost.settings import tokcost_cache, tokcost_home


@click.command(short_help="Explain what the figures are based on, and find problems.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
@click.option(
    "--forge", is_flag=True, help="Find out from history whether merging loses lines, and which setting keeps them."
)
@click.option("--acknowledge", is_flag=True, help="Acknowledge the notices that a damaged ledger was rescued.")
@click.option("--verbose", is_flag=True, help="List every place that was searched for logs, not only the first.")
@click.option("--reader", metavar="NAME", help="Show what the reader NAME finds in FILE, without recording it.")
@click.argument("file", type=click.Path(path_type=Path), required=False)
def command(as_json: bool, forge: bool, acknowledge: bool, verbose: bool, reader: str | None, file: Path | None) -> int:
    """Explain what was found, skipped and not counted twice, and check the ledger.

    Changes nothing, unless the ledger is damaged: then everything readable is saved into a new ledger, the old file is
    kept, and every command reports that until you use `--acknowledge`. Exits with 1 if something is wrong.

    \b
    Examples:
      tokcost doctor
      tokcost doctor --forge
      tokcost doctor --acknowledge
      tokcost doctor --json | jq '.parts.prices'
      tokcost doctor --reader codex ~/.codex/sessions/2026/11/01/rollout-1.jsonl
    """
    if acknowledge:
        return _acknowledge()
    if reader is not None or file is not None:
        diagnosis = _tried(reader, file)
    else:
        diagnosis = _forge() if forge else diagnose(tokcost_home(os.environ), os.environ, Path.cwd())
    if as_json:
        parts = {part: [_object(check) for check in checks] for part, checks in diagnosis.parts.items()}
        document = {"schema": "tokcost.doctor/1", "findings": diagnosis.findings, "parts": parts}
        screen.show(json.dumps(document, indent=2) + "\n")
    else:
        screen.show(screen.painted(diagnosis_lines(diagnosis, screen.columns_wide(), in_full=verbose), os.environ))
    return 1 if diagnosis.findings else 0


def _object(check: Check) -> dict[str, str | bool]:
    return {"subject": check.subject, "found": check.found, "finding": check.finding, "hint": check.hint}


def _acknowledge() -> int:
    from tokcost.services.show_notices import acknowledge_notices

    count = acknowledge_notices(tokcost_home(os.environ))
    screen.show("Acknowledged; `tokcost doctor` still lists it.\n" if count else "There is nothing to acknowledge.\n")
    return 0


def _tried(reader: str | None, file: Path | None) -> Diagnosis:
    from tokcost.services.try_reader import try_reader

    if reader is None or file is None:
        raise UsageError("--reader NAME and FILE belong together", "For example `tokcost doctor --reader codex FILE`.")
    return try_reader(reader, file)


def _forge() -> Diagnosis:
    from tokcost.services.check_forge import forge_checks

    diagnosis = Diagnosis()
    diagnosis.add("forge", *forge_checks(Path.cwd(), tokcost_cache(os.environ)))
    return diagnosis
