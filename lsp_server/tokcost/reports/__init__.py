"""Values to text: table, JSON, CSV. No printing."""
