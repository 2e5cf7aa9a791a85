"""Budget guards for assistants: their hooks, and the answers that these expect."""
