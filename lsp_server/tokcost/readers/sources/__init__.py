"""Common parts of readers for one kind of source: files of lines, JSON files, SQLite stores."""
