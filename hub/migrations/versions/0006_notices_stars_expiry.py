from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0005_audit_facts_log_size')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Channel',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('project', fields.ForeignKeyField('models.Project', source_field='project_id', null=True, db_constraint=True, to_field='id', related_name='channels', on_delete=OnDelete.CASCADE)),
                ('name', fields.CharField(max_length=255)),
                ('notifier', fields.CharField(max_length=100)),
                ('params', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('events', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('template_ids', fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads)),
                ('active', fields.BooleanField(default=True, db_default=True)),
                ('created', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'channel', 'app': 'models', 'indexes': [Index(fields=['project_id', 'name'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Notification',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('channel', fields.ForeignKeyField('models.Channel', source_field='channel_id', db_constraint=True, to_field='id', related_name='notifications', on_delete=OnDelete.CASCADE)),
                ('event', fields.CharField(max_length=100)),
                ('task_id', fields.IntField(null=True)),
                ('notice', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('state', fields.CharField(default='waiting', db_default='waiting', max_length=20)),
                ('attempts', fields.IntField(default=0, db_default=0)),
                ('due', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('error', fields.TextField(default='', unique=False)),
                ('created', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('settled', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'notification', 'app': 'models', 'indexes': [Index(fields=['state', 'due']), Index(fields=['channel_id', 'id'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Star',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('user', fields.ForeignKeyField('models.User', source_field='user_id', db_constraint=True, to_field='id', related_name='stars', on_delete=OnDelete.CASCADE)),
                ('template', fields.ForeignKeyField('models.Template', source_field='template_id', db_constraint=True, to_field='id', related_name='stars', on_delete=OnDelete.CASCADE)),
            ],
            options={'table': 'star', 'app': 'models', 'unique_together': (('user', 'template'),), 'indexes': [Index(fields=['template_id'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Key',
            name='expires',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Key',
            name='secret_changed',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Worker',
            name='isolation',
            field=fields.CharField(default='', db_default='', max_length=100),
        ),
    ]
