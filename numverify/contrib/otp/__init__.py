"""django-otp: the user's enrolled number as a device. ``docs/django-otp.md``."""
