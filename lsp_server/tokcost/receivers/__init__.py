"""Receivers of what other programs send while they run; so far OpenTelemetry over HTTP."""
