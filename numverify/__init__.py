"""Phone-number possession as a second factor, by silent network authentication."""

__version__ = "0.1.0"
