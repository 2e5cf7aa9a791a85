"""The one file on disk: facts in, values out. All SQL lives here."""
