"""The language server: figures for any editor, over standard input and output."""
