"""Writes the schema of a new ledger down, from the steps that make it: `PYTHONPATH=tests python -m
support.make_schema`, after adding a step."""

import sqlite3
from contextlib import closing

from tokcost.ledger import migrations
from tokcost.ledger.snapshot import FILE, script_of


def made() -> str:
    """The script that belongs in the file."""
    with closing(sqlite3.connect(":memory:", isolation_level=None)) as connection:
        migrations.apply(connection)
        return script_of(connection)


if __name__ == "__main__":
    FILE.write_text(made(), encoding="utf-8")
