"""The file of `tokcost otel serve`: responses that assistants sent."""
