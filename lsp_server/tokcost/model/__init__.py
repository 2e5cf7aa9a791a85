"""Plain values every room speaks in: usage, money, places, figures. No input, no output."""
