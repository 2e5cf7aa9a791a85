"""Groups of commands: for an unknown word, they suggest a similar command, or list all."""

from typing import Any

import click

from tokcost.model.near import near_name


class CommandGroup(click.Group):
    """Commands below one name. `alone` is the command that runs without a further word, instead of the help;
    `otherwise` is the one that takes a word which is no command."""

    def __init__(self, *args: Any, alone: str = "", otherwise: str = "", **settings: Any) -> None:
        super().__init__(*args, **settings)
        self.alone, self.otherwise = alone, otherwise

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Parse the words of the command line."""
        is_alone = not args and self.alone and not ctx.resilient_parsing
        return super().parse_args(ctx, [self.alone] if is_alone else args)

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """The command named by the first word; refuses an unknown word with a suggestion."""
        name, known = args[0], self.list_commands(ctx)
        # click explains a wrong option itself, and parses resiliently while a shell completes words.
        if name in known or name.startswith("-") or ctx.resilient_parsing:
            return super().resolve_command(ctx, args)
        near = near_name(name, known)
        if self.otherwise and not near:
            return super().resolve_command(ctx, [self.otherwise, *args])
        raise click.UsageError(f"No such command '{name}'. {_meant(near, known, ctx)}".rstrip(), ctx)


def _meant(near: str, known: list[str], ctx: click.Context) -> str:
    if near:
        return f"Did you mean '{near}'?"
    return f"`{ctx.command_path}` has {', '.join(known)}." if ctx.parent else ""
