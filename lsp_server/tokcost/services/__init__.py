"""The verbs: one module for each thing that somebody asks for, and the only floor where rooms meet."""
