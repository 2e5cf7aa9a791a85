"""The ledger, one SQLite file: facts in, values out. All SQL is in this package."""
