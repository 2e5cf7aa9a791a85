"""The output of `tokcost doctor` as lines."""

from tokcost.model.checks import Diagnosis
from tokcost.reports.layout import Line, Piece, Style, paragraph
from tokcost.reports.text import counted, escape

_INDENT = 4
"""Columns around a subject: the mark before it, and the space after it."""
_NARROWEST = 30


def diagnosis_lines(diagnosis: Diagnosis, columns_wide: int | None = None, *, in_full: bool = False) -> list[Line]:
    """One block for each section, and a last line that counts the findings. Results are wrapped between words;
    instructions are not, so that they can be copied. `in_full` shows long lists completely."""
    widest = max((len(check.subject) for checks in diagnosis.parts.values() for check in checks), default=0)
    lines: list[Line] = []
    for part, checks in diagnosis.parts.items():
        lines.append([Piece(part, "head")])
        for check in checks:
            found = check.found if in_full else check.short or check.found
            mark = "!" if check.finding else " "
            style: Style = "warn" if check.finding else "plain"
            room = max(_NARROWEST, columns_wide - widest - _INDENT) if columns_wide else None
            first, *rest = paragraph(escape(found), room, style)
            lines.append([Piece(f"{mark} {check.subject.ljust(widest)}  ", "dim"), *first])
            lines += [[Piece(" " * (widest + _INDENT)), *line] for line in rest]
            if check.hint:
                lines.append([Piece(" " * (widest + _INDENT) + escape(check.hint), "dim")])
        lines.append([])
    findings = diagnosis.findings
    lines.append([Piece(f"{counted(findings, 'finding')}." if findings else "Nothing is wrong.", "head")])
    return lines
