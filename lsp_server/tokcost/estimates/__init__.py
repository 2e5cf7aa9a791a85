"""Estimates of tokens from text, for assistants that leave text and no counts: off unless the user switches them on."""
