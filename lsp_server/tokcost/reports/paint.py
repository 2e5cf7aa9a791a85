"""Lines as coloured text for terminals. The only module of this package that needs rich, so it is imported only
there."""

from tokcost.reports.layout import Line, Style

_STYLES: dict[Style, str] = {
    "plain": "",
    "head": "bold",
    "current": "bold green",
    "amount": "bold",
    "bar": "cyan",
    "warn": "yellow",
    "dim": "dim",
}


def coloured(lines: list[Line]) -> str:
    """The lines with ANSI colour; the same characters as `layout.plain` gives."""
    from rich.console import Console
    from rich.text import Text

    # The caller has decided on colour, so rich must not look at NO_COLOR, TERM or the stream again. Sixteen colours
    # follow the theme of the terminal. Names with square brackets are not markup.
    console = Console(force_terminal=True, color_system="standard", no_color=False, highlight=False, markup=False)
    with console.capture() as captured:
        for line in lines:
            text = Text.assemble(*((piece.text, _STYLES[piece.style]) for piece in line), no_wrap=True, end="\n")
            # The lines fit already: rich must neither wrap nor crop them.
            console.print(text, soft_wrap=True)
    return captured.get()
