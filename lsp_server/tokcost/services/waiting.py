"""The notice of what a command waits for, where that is code of another package."""

from tokcost.readers.waiting import told_of_waiting

__all__ = ["told_of_waiting"]
