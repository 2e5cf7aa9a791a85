"""One file per command: a click command and nothing else the others need."""
