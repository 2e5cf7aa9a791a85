"""Files as they are opened and written: those that others wrote, those that nobody else may write, TOML, Parquet."""
