"""Receivers of data that other programs send while they run; so far OpenTelemetry over HTTP."""
