"""The rules that a grouped figure passes before it is shown."""
