"""The privacy rules that a grouped figure has to pass before it is shown."""
