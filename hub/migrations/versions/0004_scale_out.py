from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0003_identities_and_state_locks')]

    initial = False

    operations = [
        ops.CreateModel(
            name='DriftCheck',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('template', fields.ForeignKeyField('models.Template', source_field='template_id', db_constraint=True, to_field='id', related_name='drift_checks', on_delete=OnDelete.CASCADE)),
                ('inventory', fields.ForeignKeyField('models.Inventory', source_field='inventory_id', null=True, db_constraint=True, to_field='id', related_name='drift_checks', on_delete=OnDelete.CASCADE)),
                ('task_id', fields.IntField()),
                ('created', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('drifted', fields.BooleanField()),
                ('changes', fields.IntField(default=0, db_default=0)),
                ('resources', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
            ],
            options={'table': 'drift_check', 'app': 'models', 'indexes': [Index(fields=['template_id', 'id']), Index(fields=['inventory_id'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Freeze',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('project', fields.ForeignKeyField('models.Project', source_field='project_id', db_constraint=True, to_field='id', related_name='freezes', on_delete=OnDelete.CASCADE)),
                ('name', fields.CharField(max_length=100)),
                ('active', fields.BooleanField(default=True, db_default=True)),
                ('everything', fields.BooleanField(default=False, db_default=False)),
                ('starts', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('ends', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
                ('cron_format', fields.CharField(default='', db_default='', max_length=255)),
                ('time_zone', fields.CharField(default='', db_default='', max_length=64)),
                ('minutes', fields.IntField(default=0, db_default=0)),
            ],
            options={'table': 'freeze', 'app': 'models', 'indexes': [Index(fields=['project_id'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='KnownHost',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('project', fields.ForeignKeyField('models.Project', source_field='project_id', db_constraint=True, to_field='id', related_name='known_hosts', on_delete=OnDelete.CASCADE)),
                ('host', fields.CharField(max_length=255)),
                ('key_type', fields.CharField(max_length=50)),
                ('key', fields.TextField(unique=False)),
                ('fingerprint', fields.CharField(max_length=100)),
                ('trusted', fields.BooleanField(default=False, db_default=False)),
                ('created', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'known_host', 'app': 'models', 'unique_together': (('project', 'host', 'fingerprint'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='Worker',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('node', fields.CharField(unique=True, max_length=64)),
                ('host', fields.CharField(max_length=255)),
                ('version', fields.CharField(max_length=50)),
                ('tags', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('slots', fields.IntField()),
                ('started', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('seen', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('draining', fields.BooleanField(default=False, db_default=False)),
            ],
            options={'table': 'worker', 'app': 'models', 'indexes': [Index(fields=['seen'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Event',
            name='changes',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name='Project',
            name='keep_days',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Project',
            name='keep_log_days',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Project',
            name='keep_tasks',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Schedule',
            name='ends_at',
            field=fields.DatetimeField(null=True, auto_now=False, auto_now_add=False),
        ),
        ops.AddField(
            model_name='Schedule',
            name='last_error',
            field=fields.CharField(default='', db_default='', max_length=500),
        ),
        ops.AddField(
            model_name='Schedule',
            name='max_runs',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Schedule',
            name='runs',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Task',
            name='log_place',
            field=fields.CharField(default='', db_default='', max_length=20),
        ),
        ops.AddField(
            model_name='Template',
            name='concurrency_group',
            field=fields.CharField(default='', db_default='', max_length=100),
        ),
        ops.AddField(
            model_name='Template',
            name='host_limit',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Template',
            name='limits',
            field=fields.JSONField(null=True, encoder=JSON_DUMPS, decoder=loads),
        ),
        ops.AddField(
            model_name='Template',
            name='priority',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Template',
            name='queue_limit',
            field=fields.IntField(default=0, db_default=0),
        ),
    ]
