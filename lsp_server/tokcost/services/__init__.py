"""The few stories that bring the rooms together: ingest, summary."""
