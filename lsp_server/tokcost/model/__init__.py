"""Plain values that all packages share: usage, money, places, figures. No input, no output."""
