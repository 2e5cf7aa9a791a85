"""tokcost: the cost of AI coding assistants per branch and per merged change."""

__version__ = "0.1.0"
