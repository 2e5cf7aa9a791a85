"""Responses that `tokcost otel serve` received: usage of sessions without a log on this machine. If there is one,
the log wins: the import removes the received usage of its session (`usage/importing.py`)."""

from collections.abc import Mapping, Sequence
from os.path import join
from typing import Any

from tokcost.model.received import OTEL, session_name
from tokcost.model.usage import Tokens, Usage
from tokcost.readers.protocol import Capabilities, Location
from tokcost.readers.sources.jsonl import JsonlReader
from tokcost.settings import home_folder


class OtelReader(JsonlReader):
    """The file of received responses."""

    name = OTEL
    capabilities = Capabilities(
        versions="Claude Code 2.1.332, Codex 0.171.0, Gemini CLI 0.61.0, Copilot CLI 1.0.102, Qwen Code 0.24.4",
        classes=("input", "cache_read", "cache_write_5m", "cache_write_1h", "output", "reasoning"),
        folder="none",
        gaps="telemetry sent while no receiver ran",
    )
    words = (b'"tokens"',)

    def locations(self, environ: Mapping[str, str]) -> Sequence[Location]:
        """`otel` in the ledger's folder."""
        return [Location(join(home_folder(environ), OTEL))]

    def usage(self, record: dict[str, Any], session: dict[str, Any]) -> Usage | None:  # noqa: ARG002 (the base's)
        """One response. Without a session it would be unknown whether a log has it, so it is no usage."""
        if not record.get("session"):
            return None
        return Usage(
            assistant=self.name,
            key=record["id"],
            time_ms=record["time_ms"],
            model=record["model"],
            tokens=Tokens(**record["tokens"]),
            session=session_name(record["assistant"], record["session"]),
            speed=record.get("speed", ""),
            reported_cost=record.get("cost"),
        )
