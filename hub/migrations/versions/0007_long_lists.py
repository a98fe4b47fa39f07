from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0006_notices_stars_expiry')]

    initial = False

    operations = [
        ops.AddIndex(
            model_name='Event',
            index=Index(fields=['created', 'id']),
        ),
        ops.AddIndex(
            model_name='Event',
            index=Index(fields=['project_id', 'created', 'id']),
        ),
        ops.AddIndex(
            model_name='Event',
            index=Index(fields=['object_type', 'object_id']),
        ),
        ops.AddIndex(
            model_name='Event',
            index=Index(fields=['project_id', 'object_type', 'object_id']),
        ),
        ops.AddIndex(
            model_name='Task',
            index=Index(fields=['project_id', 'status', 'id']),
        ),
        ops.AddIndex(
            model_name='Task',
            index=Index(fields=['project_id', 'created', 'id']),
        ),
        ops.AddIndex(
            model_name='Task',
            index=Index(fields=['user_id', 'project_id', 'id']),
        ),
        ops.RemoveIndex(
            model_name='Task',
            name=None,
            fields=['user_id'],
        ),
    ]
