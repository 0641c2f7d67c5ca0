"""The configuration of an admin whose default site asks for a proof."""

from __future__ import annotations

from django.contrib.admin.apps import AdminConfig


class Config(AdminConfig):
    default_site = "numverify.admin_site.NumberVerificationAdminSite"
