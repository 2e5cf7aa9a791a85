"""Estimates of token counts from text, for assistants that store text and no counts: disabled unless the user
enables them."""
