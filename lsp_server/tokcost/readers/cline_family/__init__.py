"""Cline and the extensions forked from it: Roo Code, Kilo Code."""
