"""The rules that determine the drivers of a list cost. Pure: no file, no clock, no SQL."""
