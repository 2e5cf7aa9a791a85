"""Where our git hooks go, beside whatever is there already, and what they say."""
