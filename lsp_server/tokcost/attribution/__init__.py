"""Which branch a usage belongs to: pure rules over plain data."""
