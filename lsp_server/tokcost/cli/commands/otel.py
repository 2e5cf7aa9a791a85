"""`tokcost otel`: a receiver for the telemetry of assistants, and a comparison of it with their logs."""

import json
import os

import click

from tokcost.cli import screen
from tokcost.cli.group import CommandGroup
from tokcost.settings import tokcost_home

# Only loopback: senders are not identified, so other machines must not reach the port.
_HOSTS = click.Choice(["127.0.0.1", "::1"])


@click.group(cls=CommandGroup, short_help="Receive telemetry of assistants on this machine.")
def command() -> None:
    """Receive what assistants on this machine send by OpenTelemetry, and compare it with their logs.

    Nothing is received unless `tokcost otel serve` runs and an assistant is configured to send. docs/otel.md explains
    how, and what is stored and what is dropped.

    \b
    Examples:
      tokcost otel serve
      tokcost otel check
    """


@command.command("serve", short_help="Receive until Ctrl-C.")
@click.option("--port", type=click.IntRange(0, 65535), default=4318, show_default=True, help="0 chooses a free one.")
@click.option("--host", type=_HOSTS, default="127.0.0.1", show_default=True, help="Loopback in IPv4 or IPv6.")
def serve_command(port: int, host: str) -> None:
    """Receive OTLP over HTTP from assistants on this machine until Ctrl-C or SIGTERM.

    Only time, model, session, token counts and the cost that the assistant reports are stored. Prompts, replies, tool
    arguments, names, e-mail addresses and accounts are dropped before anything is stored.

    \b
    Examples:
      tokcost otel serve
      tokcost otel serve --port 0
    """
    from tokcost.services.receive import receive  # importing http.server takes as long as `tokcost status`

    def began(url: str) -> None:
        screen.show(f"Receiving at {url} until Ctrl-C.\n")

    screen.show(f"{receive(tokcost_home(os.environ), host, port, began, screen.tell)}\n")


@command.command("check", short_help="Compare what was received with the logs.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object.")
def check_command(as_json: bool) -> int:
    """Compare the tokens of each session in telemetry and in the logs. Exits with 1 if they differ.

    A session is compared from its first received response to its last: the receiver may not have run before or
    after.

    \b
    Examples:
      tokcost otel check
      tokcost otel check --json
    """
    from tokcost.reports.telemetry import check_json, check_lines
    from tokcost.services.check_telemetry import check_telemetry

    found = check_telemetry(tokcost_home(os.environ), os.environ)
    text = json.dumps(check_json(found), indent=2) + "\n" if as_json else check_lines(found)
    screen.show(text)
    return int(any(one.differs for one in found))
