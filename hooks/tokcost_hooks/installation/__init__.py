"""Installing our hooks in a clone, beside whatever else runs there, and removing them again."""
