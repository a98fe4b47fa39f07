from tortoise import migrations
from tortoise.migrations import operations as ops
from orjson import loads
from tortoise.fields.base import OnDelete
from tortoise.fields.data import JSON_DUMPS
from tortoise import fields

class Migration(migrations.Migration):
    dependencies = [('models', '0004_scale_out')]

    initial = False

    operations = [
        ops.CreateModel(
            name='HostFacts',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('inventory', fields.ForeignKeyField('models.Inventory', source_field='inventory_id', db_constraint=True, to_field='id', related_name='host_facts', on_delete=OnDelete.CASCADE)),
                ('host', fields.CharField(max_length=255)),
                ('facts', fields.JSONField(encoder=JSON_DUMPS, decoder=loads)),
                ('task_id', fields.IntField()),
                ('created', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'host_facts', 'app': 'models', 'unique_together': (('inventory', 'host'),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.AddField(
            model_name='Event',
            name='actor',
            field=fields.CharField(default='', db_default='', max_length=255),
        ),
        ops.AddField(
            model_name='Event',
            name='address',
            field=fields.CharField(default='', db_default='', max_length=64),
        ),
        ops.AddField(
            model_name='Project',
            name='keep_log_mib',
            field=fields.IntField(default=0, db_default=0),
        ),
        ops.AddField(
            model_name='Task',
            name='log_bytes',
            field=fields.BigIntField(default=0, db_default=0),
        ),
    ]
