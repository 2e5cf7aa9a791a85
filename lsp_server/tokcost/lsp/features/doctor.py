"""`tokcost.doctor` `{uri}`: the output of `tokcost doctor` for a repository, as `{text, findings}`."""

from pathlib import Path
from typing import Any

from tokcost.lsp.command_params import CommandParams, add_command, worktree_for
from tokcost.lsp.server import TokcostServer
from tokcost.reports.diagnosis import diagnosis_lines
from tokcost.services.doctor import diagnose


def register(server: TokcostServer) -> None:
    """Answer our command."""

    async def doctor(params: CommandParams) -> Any:
        return await server.refresher.read(_doctor, server, worktree_for(server, params).path)

    add_command(server, "doctor", doctor)


def _doctor(server: TokcostServer, folder: str) -> dict[str, Any]:
    found = diagnose(server.refresher.home, server.refresher.environ, Path(folder))
    text = "".join("".join(piece.text for piece in line).rstrip() + "\n" for line in diagnosis_lines(found))
    return {"text": text, "findings": found.findings}
