"""A row for each verification."""

from __future__ import annotations

from django.db import models


class Verification(models.Model):
    phone = models.CharField(max_length=20)
    state = models.CharField(max_length=64, unique=True)
    status = models.CharField(max_length=20, default="pending")
    created_at = models.DateTimeField(auto_now_add=True)

    objects: models.Manager[Verification] = models.Manager()

    class Meta:
        app_label = "naive"

    def __str__(self) -> str:
        return self.state
