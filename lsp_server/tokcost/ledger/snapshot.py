"""A new ledger's schema as one script, so that making one need not import sqlite-utils: that takes as long as reading
40 MB of logs.

The steps in `migrations.py` stay the truth. The script is what they make, written down by
`tests/support/make_schema.py`; a test holds the two together.
"""

import sqlite3
from pathlib import Path

FILE = Path(__file__).parent / "data" / "schema.sql"
_STEPS = "_sqlite_migrations"
"""The table in which sqlite-utils keeps which steps were taken."""


def create(connection: sqlite3.Connection, version: int | None = None) -> None:
    """Give an empty database the newest schema, or an older version of it."""
    if version is None:
        connection.executescript(FILE.read_text(encoding="utf-8"))
        return
    from tokcost.ledger import migrations

    migrations.apply(connection, version)


def objects_of(connection: sqlite3.Connection) -> set[tuple[str, str]]:
    """Name and definition of every table and index in a database."""
    return set(connection.execute("SELECT name, sql FROM sqlite_schema WHERE sql IS NOT NULL"))


def script_of(connection: sqlite3.Connection) -> str:
    """The SQL that makes a database like this one, that holds nothing but the steps taken."""
    version = connection.execute("PRAGMA user_version").fetchone()[0]
    objects = connection.execute("SELECT sql FROM sqlite_schema WHERE sql IS NOT NULL ORDER BY rowid")
    steps = connection.execute(f"SELECT id, migration_set, name FROM {_STEPS} ORDER BY id")
    statements = [
        "BEGIN",
        *(sql for (sql,) in objects),
        *(
            f"INSERT INTO {_STEPS} VALUES ({number}, '{whose}', '{name}', strftime('%Y-%m-%d %H:%M:%f+00:00', 'now'))"
            for number, whose, name in steps
        ),
        f"PRAGMA user_version = {version}",
        "COMMIT",
    ]
    return "".join(f"{statement};\n" for statement in statements)
