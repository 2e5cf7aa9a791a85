"""`tokcost`: finds the command and runs it inside the error handler."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from importlib import import_module
from typing import Any, cast

import click

from tokcost import __version__
from tokcost.cli import error_handler, screen
from tokcost.cli.group import CommandGroup
from tokcost.errors import LedgerDamaged
from tokcost.reports.text import escape_lines

COMMANDS = {
    "log": "tokcost.cli.commands.log:command",
    "status": "tokcost.cli.commands.status:command",
    "assign": "tokcost.cli.commands.assign:command",
    "enable": "tokcost.cli.commands.enable:command",
    "disable": "tokcost.cli.commands.disable:command",
    "preview": "tokcost.cli.commands.preview:command",
    "check": "tokcost.cli.commands.check:command",
    "budget": "tokcost.cli.commands.budget:command",
    "guard": "tokcost.cli.commands.guard:command",
    "hooks": "tokcost.cli.commands.hooks:command",
    "plan": "tokcost.cli.commands.plan:command",
    "prices": "tokcost.cli.commands.prices:command",
    "report": "tokcost.cli.commands.report:command",
    "collect": "tokcost.cli.commands.collect:command",
    "dataset": "tokcost.cli.commands.dataset:command",
    "why": "tokcost.cli.commands.why:command",
    "reconcile": "tokcost.cli.commands.reconcile:command",
    "export": "tokcost.cli.commands.export:command",
    "doctor": "tokcost.cli.commands.doctor:command",
    "lsp": "tokcost.cli.commands.lsp:command",
    "otel": "tokcost.cli.commands.otel:command",
    "demo": "tokcost.cli.commands.demo:command",
    "purge": "tokcost.cli.commands.purge:command",
    "uninstall": "tokcost.cli.commands.uninstall:command",
}
"""All commands and their places; a command is imported when it is called."""


@contextmanager
def _refusals_escaped() -> Generator[None]:
    """click prints its refusals itself, and they quote the words of the command line."""
    try:
        yield
    except click.UsageError as refusal:
        said = refusal.format_message()
        if escape_lines(said) == said:
            raise
        raise click.UsageError(escape_lines(said), refusal.ctx) from refusal


class LazyGroup(CommandGroup):
    """Commands that are imported when they are called, and run inside the error handler."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click's signature)
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002
        if cmd_name not in COMMANDS:
            return None
        module, attribute = COMMANDS[cmd_name].split(":")
        return cast(click.Command, getattr(import_module(module), attribute))

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        with _refusals_escaped():
            return super().parse_args(ctx, args)

    def invoke(self, ctx: click.Context) -> Any:
        # click has consumed its arguments by now: after a rescue, `main` lets it parse them once more.
        passed = (click.ClickException, click.exceptions.Exit, click.Abort, LedgerDamaged)
        with _refusals_escaped():
            ctx.exit(error_handler.run_command(lambda: super(LazyGroup, self).invoke(ctx), os.environ, passed))


@click.group(cls=LazyGroup, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(__version__, "-V", "--version", message="tokcost %(version)s")
def tokcost() -> None:
    """Show what AI coding assistants cost, per git branch, from logs already on this machine.

    Begin with `tokcost log` in a repository; without logs, `tokcost demo` shows what it looks like. Usage is stored in
    one file on this machine, the ledger, and nothing is sent anywhere. Amounts are list cost: tokens at public prices,
    which need not be what you are billed. Usage without a known price is shown as unpriced.

    Exit codes: 0 success; 1 a problem was found, or a budget is exceeded; 2 the command line is wrong; 3 this machine
    or a file prevents it.
    """


def main() -> None:
    """Run the command named by the arguments, and end the process with its exit code."""
    try:
        code = error_handler.run(lambda: tokcost(prog_name="tokcost"), os.environ)
    except SystemExit as end:  # click's way to return an exit code
        if not isinstance(end.code, int):
            raise
        code = end.code
    screen.leave(code)
