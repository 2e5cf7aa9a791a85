"""What readers of the same kind of source have in common: files of lines, JSON files, SQLite stores."""
