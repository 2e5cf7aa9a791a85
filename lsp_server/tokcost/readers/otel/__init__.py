"""The file of `tokcost otel serve`: responses received from assistants."""
