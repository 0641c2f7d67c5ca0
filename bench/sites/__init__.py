"""The candidates: Django sites that answer ``POST /login`` and ``GET /callback``."""
