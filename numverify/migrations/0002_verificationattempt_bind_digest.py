from django.db import migrations, models


class Migration(migrations.Migration):
    dependencies = [("numverify", "0001_initial")]

    operations = [
        migrations.AddField(
            model_name="verificationattempt",
            name="bind_digest",
            # The default serves the rows that are there; null would be a second "none".
            field=models.CharField(blank=True, default="", max_length=64),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="verificationattempt",
            name="bind_used_at",
            field=models.DateTimeField(blank=True, null=True, verbose_name="transaction confirmed"),
        ),
    ]
