"""Rates by model and day, and the cost of one request."""
