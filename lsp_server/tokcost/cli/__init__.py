"""The command line: parse arguments, show results."""
