from tortoise import migrations
from tortoise.migrations import operations as ops
from tortoise.fields.base import OnDelete
from tortoise import fields
from tortoise.indexes import Index

class Migration(migrations.Migration):
    dependencies = [('models', '0002_wire_resources')]

    initial = False

    operations = [
        ops.CreateModel(
            name='Identity',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('user', fields.ForeignKeyField('models.User', source_field='user_id', db_constraint=True, to_field='id', related_name='identities', on_delete=OnDelete.CASCADE)),
                ('provider', fields.CharField(max_length=100)),
                ('subject', fields.CharField(max_length=255)),
                ('created', fields.DatetimeField(auto_now=False, auto_now_add=False)),
                ('last_used', fields.DatetimeField(null=True, auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'identity', 'app': 'models', 'unique_together': (('provider', 'subject'),), 'indexes': [Index(fields=['user_id'])], 'pk_attr': 'id'},
            bases=['Model'],
        ),
        ops.CreateModel(
            name='StateLock',
            fields=[
                ('id', fields.IntField(generated=True, primary_key=True, unique=True, db_index=True)),
                ('inventory', fields.ForeignKeyField('models.Inventory', source_field='inventory_id', db_constraint=True, to_field='id', related_name='state_locks', on_delete=OnDelete.CASCADE)),
                ('lock_id', fields.CharField(max_length=100)),
                ('info', fields.TextField(unique=False)),
                ('created', fields.DatetimeField(auto_now=False, auto_now_add=False)),
            ],
            options={'table': 'state_lock', 'app': 'models', 'unique_together': (('inventory',),), 'pk_attr': 'id'},
            bases=['Model'],
        ),
    ]
