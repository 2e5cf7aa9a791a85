"""Settings of the ledger: texts that it remembers about itself and its repositories, by name. A name that contains the
number of a repository as a word goes with that repository (`purging.forget_repositories`)."""

from tokcost.ledger.open import Ledger


def setting(ledger: Ledger, name: str) -> str | None:
    """The text stored under a name (the version of the price source, for example); `None` if there is none."""
    row = ledger.db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return row[0] if row else None


def forget_settings(ledger: Ledger, repository: int) -> None:
    """Forget every text about a repository, in the caller's transaction."""
    ledger.db.execute("DELETE FROM setting WHERE instr(name || ' ', ' ' || ? || ' ')", (repository,))


def record_setting(ledger: Ledger, name: str, value: str) -> None:
    """Store a text, in the caller's transaction."""
    ledger.db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))
