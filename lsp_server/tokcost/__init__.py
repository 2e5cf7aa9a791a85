"""tokcost: what AI coding assistants cost, per branch and per merged change."""

__version__ = "0.1.0"
