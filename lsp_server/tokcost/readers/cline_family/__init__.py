"""Cline and the extensions that were made from it: Roo Code, Kilo Code."""
