"""Requests and notifications of the server: one file for each feature of the protocol, each with one `register`."""
