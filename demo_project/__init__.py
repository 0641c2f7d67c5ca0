"""A small site that uses numverify as a customer would: ``manage.py serve``."""
