"""A dataset over many repositories: a folder of Parquet files, and the engines that answer questions about it."""
