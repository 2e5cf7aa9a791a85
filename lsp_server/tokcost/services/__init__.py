"""Use cases: one module for each thing that a user, an editor or a hook asks for. This is the only layer where the
other packages meet."""
