"""What the server answers and sends, one file for each feature of the protocol, each with one `register`."""
