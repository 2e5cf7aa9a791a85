"""The output of `tokcost doctor` as lines."""

from collections.abc import Mapping, Sequence

from tokcost.reports.layout import Line, Piece, Style, paragraph
from tokcost.reports.text import counted, escape

_INDENT = 4
"""Columns around a subject: the mark before it, and the space after it."""
_NARROWEST = 30

Row = tuple[str, str, bool, str]
"""Subject, result, whether that is a finding, what to do."""


def diagnosis_lines(parts: Mapping[str, Sequence[Row]], findings: int, columns_wide: int | None = None) -> list[Line]:
    """One block for each section, and a last line that counts the findings. Results are wrapped between words;
    instructions are not, so that they can be copied."""
    widest = max((len(subject) for rows in parts.values() for subject, *_ in rows), default=0)
    lines: list[Line] = []
    for part, rows in parts.items():
        lines.append([Piece(part, "head")])
        for subject, found, finding, hint in rows:
            mark = "!" if finding else " "
            style: Style = "warn" if finding else "plain"
            room = max(_NARROWEST, columns_wide - widest - _INDENT) if columns_wide else None
            first, *rest = paragraph(escape(found), room, style)
            lines.append([Piece(f"{mark} {subject.ljust(widest)}  ", "dim"), *first])
            lines += [[Piece(" " * (widest + _INDENT)), *line] for line in rest]
            if hint:
                lines.append([Piece(" " * (widest + _INDENT) + escape(hint), "dim")])
        lines.append([])
    lines.append([Piece(f"{counted(findings, 'finding')}." if findings else "Nothing is wrong.", "head")])
    return lines
