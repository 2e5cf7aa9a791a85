"""Claims of commits: the rules, the message, proposals, the journal, and the commits that carry claims."""
