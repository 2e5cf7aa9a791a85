"""The command line: parses arguments, shows results."""

from tokcost import light

light.install()  # before any other module of ours is imported
