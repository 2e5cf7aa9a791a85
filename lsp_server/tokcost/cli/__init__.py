"""The command line: parses arguments, shows results."""
