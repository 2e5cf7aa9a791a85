"""What `tokcost otel serve` received."""
