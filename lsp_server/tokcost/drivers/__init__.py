"""The rules that tell what drove a list cost. Pure: no file, no clock, no SQL."""
