"""Writes the tables of columns in docs/exports.md from what the code says of each (`-m support.make_export_tables`)."""

import re
from collections.abc import Sequence
from pathlib import Path

from tokcost.exports import metrics, usage
from tokcost.exports.focus_columns import UNPRICED, fields_of
from tokcost.exports.table import Field

PAGE = Path(__file__).parent.parent.parent / "docs/exports.md"
_TABLE = re.compile(r"(<!-- table: (\w+) -->\n).*?(<!-- end -->)", re.DOTALL)
_KINDS = {
    "money": ("decimal, 9 places", "int64, nano-dollars"),
    "time": ("RFC 3339", "timestamp (ms, UTC)"),
    "day": ("RFC 3339", "timestamp (ms, UTC)"),
    "text": ("text", "string"),
    "integer": ("integer", "int64"),
    "decimal": ("decimal", "decimal128(38, 12)"),
    "truth": ("true, false", "boolean"),
}


def _rows(fields: Sequence[Field], files: Sequence[str] = ()) -> str:
    lines = ["| column | CSV | Parquet | meaning |", "|---|---|---|---|"]
    for one, where in zip(fields, files or [""] * len(fields), strict=True):
        text, parquet = _KINDS[one.kind]
        named = f"`{one.column.name}`: {parquet}" if one.column.name != one.name else parquet
        lines.append(f"| `{one.name}`{where} | {text} | {named} | {one.meaning.replace('|', '/')} |")
    return "\n".join(lines) + "\n"


def _focus() -> str:
    """All columns of all versions and profiles, each with those that have it where not all do."""
    files = {
        (version, profile): fields_of(version, profile)
        for version in ("1.4", "1.2")
        for profile in ("ledger", "history")
    }
    known = {one.name: one for fields in files.values() for one in fields}
    order = sorted(known.values(), key=lambda one: (one.name.startswith("x_"), one.name))
    return _rows(order, [_where(one, files) for one in order])


def _where(field: Field, files: dict[tuple[str, str], tuple[Field, ...]]) -> str:
    having = [key for key, fields in files.items() if any(one.name == field.name for one in fields)]
    if len(having) == len(files):
        return ""
    versions, profiles = sorted({one[0] for one in having}), sorted({one[1] for one in having})
    return f" ({versions[0] if len(versions) == 1 else profiles[0] if len(profiles) == 1 else 'some'})"


def tables() -> dict[str, str]:
    """Each table by its name."""
    metric = ["| metric | labels | meaning |", "|---|---|---|"]
    metric += [
        f"| `{one.name}` | {', '.join(f'`{name}`' for name in one.labels)} | {one.meaning} |" for one in metrics.METRICS
    ]
    return {
        "usage": _rows(usage.FIELDS),
        "focus": _focus(),
        "apart": _rows(UNPRICED["ledger"]),
        "lines": _rows(UNPRICED["history"]),
        "gauge": "\n".join(metric) + "\n",
    }


def page() -> str:
    """The page with its tables as they should be."""
    found = tables()
    return _TABLE.sub(lambda match: f"{match[1]}{found[match[2]]}{match[3]}", PAGE.read_text(encoding="utf-8"))


if __name__ == "__main__":
    PAGE.write_text(page(), encoding="utf-8")
