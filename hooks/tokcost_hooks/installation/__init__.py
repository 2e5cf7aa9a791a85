"""Putting our hooks into a clone, beside whatever else runs there, and taking them away again."""
