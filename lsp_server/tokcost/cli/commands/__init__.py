"""The click commands, one file for each: a command is loaded when it is called."""
