"""A dataset over many repositories: a folder of Parquet files, and the engines that query it."""
