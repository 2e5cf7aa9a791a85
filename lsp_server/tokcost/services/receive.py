"""`tokcost otel serve`: receives telemetry of assistants and stores the responses in it."""

from collections.abc import Callable
from pathlib import Path

from tokcost.installation import installation
from tokcost.receivers.server import Notice, Receiver, summary_of
from tokcost.receivers.store import Store


def receive(home: Path, host: str, port: int, began: Callable[[str], None], notify: Callable[[str, str], None]) -> str:
    """Receive on a loopback host until SIGINT or SIGTERM; returns a sentence about what was received.

    `began` gets the address, `notify` what the user should know and do. Raises `EnvironmentProblem` if nothing can be
    stored, or the port is in use.
    """

    def tell(notice: Notice) -> None:
        notify(*_words(notice))

    receiver = Receiver(Store(home), host, port, tell)
    began(receiver.url)
    receiver.run_until_ended()
    return summary_of(receiver.stored, receiver.refused)


def _words(notice: Notice) -> tuple[str, str]:
    if notice == "protobuf":
        adding = installation().adding(["opentelemetry-proto"])
        return (
            "a program sends protobuf and is refused, because that needs the extra `otlp`",
            f"Configure the program to send JSON, or run: {adding}",
        )
    return (
        "only metrics arrive: they do not name the response that they belong to, and are not stored",
        "Configure the program to send its logs too (Claude Code: OTEL_LOGS_EXPORTER=otlp); docs/otel.md covers each.",
    )
