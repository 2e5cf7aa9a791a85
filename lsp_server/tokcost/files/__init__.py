"""Opening and writing files: those written by others, private ones, TOML, Parquet."""
