"""Adapters to neighbours; the core imports none of them."""
