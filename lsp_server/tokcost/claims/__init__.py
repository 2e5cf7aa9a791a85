"""Claims of commits: the rules, the message, proposing, the journal, the commits that carry them."""
