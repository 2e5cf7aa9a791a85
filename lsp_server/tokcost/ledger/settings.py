"""Settings of the ledger: words that it remembers about itself and its repositories, by name."""

from tokcost.ledger.open import Ledger


def setting(ledger: Ledger, name: str) -> str | None:
    """A word that is remembered under a name (the version of the price source, for example); `None` where none is."""
    row = ledger.db.execute("SELECT value FROM setting WHERE name = ?", (name,)).fetchone()
    return row[0] if row else None


def record_setting(ledger: Ledger, name: str, value: str) -> None:
    """Remember a word; part of the caller's transaction."""
    ledger.db.execute("INSERT OR REPLACE INTO setting VALUES (?, ?)", (name, value))
