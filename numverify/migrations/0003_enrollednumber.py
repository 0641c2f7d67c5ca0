import uuid

import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [
        ("numverify", "0002_verificationattempt_bind_digest"),
        migrations.swappable_dependency(settings.AUTH_USER_MODEL),
    ]

    operations = [
        migrations.CreateModel(
            name="EnrolledNumber",
            fields=[
                ("id", models.BigAutoField(primary_key=True, serialize=False)),
                (
                    "public_id",
                    models.UUIDField(
                        default=uuid.uuid4, editable=False, unique=True, verbose_name="id"
                    ),
                ),
                ("environment", models.CharField(max_length=12, verbose_name="environment")),
                ("phone", models.CharField(max_length=16, verbose_name="phone number")),
                ("phone_mask", models.CharField(max_length=20, verbose_name="phone number")),
                ("phone_hmac", models.CharField(db_index=True, max_length=64)),
                ("phone_hmac_key", models.CharField(max_length=32)),
                ("primary", models.BooleanField(editable=False, null=True, verbose_name="primary")),
                ("attempt_id", models.UUIDField(editable=False, verbose_name="confirmed by")),
                ("confirmed_at", models.DateTimeField(verbose_name="confirmed")),
                ("last_proven_at", models.DateTimeField(verbose_name="last proven")),
                (
                    "user",
                    models.ForeignKey(
                        on_delete=django.db.models.deletion.CASCADE,
                        related_name="enrolled_numbers",
                        to=settings.AUTH_USER_MODEL,
                        verbose_name="user",
                    ),
                ),
            ],
            options={
                "verbose_name": "confirmed number",
                "verbose_name_plural": "confirmed numbers",
                "default_permissions": ("view",),
                "constraints": [
                    models.UniqueConstraint(
                        fields=("user", "environment", "primary"), name="numverify_one_primary"
                    ),
                    models.UniqueConstraint(
                        fields=("user", "environment", "phone"), name="numverify_number_once"
                    ),
                    models.CheckConstraint(
                        condition=models.Q(
                            ("primary", True), ("primary__isnull", True), _connector="OR"
                        ),
                        name="numverify_primary_or_null",
                    ),
                ],
            },
        ),
    ]
