from typing import Any

from django.db import migrations, models


def number(apps: Any, schema_editor: Any) -> None:
    """Runs that are there already look different from their neighbours, too."""
    runs = apps.get_model("training", "TrainingJob")
    for place, pk in enumerate(runs.objects.order_by("created_at").values_list("pk", flat=True)):
        runs.objects.filter(pk=pk).update(look=place % 32)


class Migration(migrations.Migration):
    dependencies = [("training", "0007_registry")]

    operations = [
        migrations.AddField(
            model_name="trainingjob",
            name="look",
            field=models.PositiveSmallIntegerField(default=0),
        ),
        migrations.AddField(
            model_name="trainingjob",
            name="notes",
            field=models.TextField(blank=True, max_length=10000),
        ),
        migrations.RunPython(number, migrations.RunPython.noop),
    ]
