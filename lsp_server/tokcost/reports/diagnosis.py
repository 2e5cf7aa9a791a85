"""The doctor's answer as lines."""

from collections.abc import Mapping, Sequence

from tokcost.reports.layout import Line, Piece, Style
from tokcost.reports.text import counted, escape

Row = tuple[str, str, bool, str]
"""Subject, what was found, whether that is a finding, what to do."""


def diagnosis_lines(parts: Mapping[str, Sequence[Row]], findings: int) -> list[Line]:
    """One block for each part, and a last line that counts the findings."""
    widest = max((len(subject) for rows in parts.values() for subject, *_ in rows), default=0)
    lines: list[Line] = []
    for part, rows in parts.items():
        lines.append([Piece(part, "head")])
        for subject, found, finding, hint in rows:
            mark = "!" if finding else " "
            style: Style = "warn" if finding else "plain"
            lines.append([Piece(f"{mark} {subject.ljust(widest)}  ", "dim"), Piece(escape(found), style)])
            if hint:
                lines.append([Piece(" " * (widest + 4) + escape(hint), "dim")])
        lines.append([])
    lines.append([Piece(f"{counted(findings, 'finding')}." if findings else "Nothing is wrong.", "head")])
    return lines
