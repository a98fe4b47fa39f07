"""Later migrations on databases that hold rows, shown with a history and models of the test's own."""

from __future__ import annotations

import sys
import textwrap
from pathlib import Path

import pytest
from tortoise import fields
from tortoise.exceptions import OperationalError
from tortoise.migrations.operations import AddField, CreateModel

from hub.db import authoring, schema
from hub.db.editor import statements
from hub.errors import Invalid, Unavailable
from hub.testing import schema_picture

pytest_plugins = ["hub.testing.databases"]

HEAD = """
    from tortoise import fields
    from tortoise.indexes import Index
    from tortoise.models import Model
"""
FIRST = """
    class Parent(Model):
        id = fields.IntField(primary_key=True)
        name = fields.CharField(max_length=20)
        note = fields.CharField(max_length=20, null=True)
        old = fields.IntField(default=0, db_default=0)
        class Meta:
            table = "user"
            unique_together = (("name", "note"),)
            indexes = (Index(fields=("note",)), Index(fields=("old",)))

    class Child(Model):
        id = fields.IntField(primary_key=True)
        parent = fields.ForeignKeyField("models.Parent", related_name="children", on_delete=fields.CASCADE)
        class Meta:
            table = "order"
            indexes = (Index(fields=("parent_id",)),)
"""
SECOND = """
    class Parent(Model):
        id = fields.IntField(primary_key=True)
        name = fields.CharField(max_length=20)
        note = fields.CharField(max_length=20, default="a; b", db_default="a; b")
        rank = fields.IntField(default=7, db_default=7)
        on = fields.BooleanField(default=True, db_default=True)
        class Meta:
            table = "user"
            unique_together = (("name", "note"),)
            indexes = (Index(fields=("note",)), Index(fields=("rank", "id")))

    class Child(Model):
        id = fields.IntField(primary_key=True)
        parent = fields.ForeignKeyField("models.Parent", related_name="children", on_delete=fields.CASCADE)
        friend = fields.ForeignKeyField("models.Parent", related_name="friends", on_delete=fields.SET_NULL, null=True)
        class Meta:
            table = "order"
            indexes = (Index(fields=("parent_id",)), Index(fields=("friend_id",)))
"""
CIRCLE = """
    class Egg(Model):
        id = fields.IntField(primary_key=True)
        hen = fields.ForeignKeyField("models.Hen", related_name="eggs", on_delete=fields.SET_NULL, null=True)
        class Meta:
            indexes = (Index(fields=("hen_id",)),)

    class Hen(Model):
        id = fields.IntField(primary_key=True)
        egg = fields.ForeignKeyField("models.Egg", related_name="hens", on_delete=fields.CASCADE)
"""


@pytest.fixture
def history(tmp_path, monkeypatch, request):
    """A function that writes the next migration of a package from models that are given as text."""
    package = f"history_{abs(hash(request.node.nodeid))}"
    (tmp_path / package / "versions").mkdir(parents=True)
    for folder in (package, f"{package}/versions"):
        (tmp_path / folder / "__init__.py").touch()
    monkeypatch.syspath_prepend(str(tmp_path))

    async def write(name, text):
        module = f"{package}.{name}_models"
        (tmp_path / package / f"{name}_models.py").write_text(textwrap.dedent(HEAD) + textwrap.dedent(text))
        await authoring.new(name, models=module, history=f"{package}.versions")
        return module

    write.name = f"{package}.versions"
    yield write
    for module in [name for name in sys.modules if name.startswith(package)]:
        del sys.modules[module]


async def tables(url, module, client_of):
    async with client_of(url) as client:
        found = await schema_picture.found(client)
        return found, schema_picture.wanted(bound(module), client.capabilities.dialect)


def bound(module):
    return [sys.modules[module].Parent, sys.modules[module].Child]


async def ask(url, sql):
    async with schema._connected(schema.read(url)) as client:
        return await client.execute_query_dict(sql)


async def run(url, *statements):
    async with schema._connected(schema.read(url)) as client:
        for statement in statements:
            await client.execute_query(statement)


async def test_new_fields_and_indexes_reach_tables_that_hold_rows(empty_url, history):
    first = await history("first", FIRST)
    assert await schema.upgrade(empty_url, history=history.name) == ("0001_first",)
    await run(
        empty_url,
        """INSERT INTO "user" (id, name, note, old) VALUES (1, 'ann', 'x', 5), (2, 'bob', NULL, 6)""",
        """INSERT INTO "order" (id, parent_id) VALUES (1, 1), (2, 2)""",
    )
    before = await tables(empty_url, first, connected)
    assert before[0] == before[1]

    second = await history("second", SECOND)
    await run(empty_url, """UPDATE "user" SET note = 'y' WHERE note IS NULL""")
    assert await schema.upgrade(empty_url, history=history.name) == ("0002_second",)

    found, wanted = await tables(empty_url, second, connected)
    assert found == wanted
    people = await ask(empty_url, 'SELECT id, name, note, rank FROM "user" ORDER BY id')
    assert people == [
        {"id": 1, "name": "ann", "note": "x", "rank": 7},
        {"id": 2, "name": "bob", "note": "y", "rank": 7},
    ]
    assert await ask(empty_url, 'SELECT id, parent_id, friend_id FROM "order" ORDER BY id') == [
        {"id": 1, "parent_id": 1, "friend_id": None},
        {"id": 2, "parent_id": 2, "friend_id": None},
    ]

    assert await schema.downgrade(empty_url, "0001", history=history.name) == ("0002_second",)
    found, _ = await tables(empty_url, first, connected)
    assert found == before[0]
    assert await ask(empty_url, 'SELECT count(*) AS n FROM "order"') == [{"n": 2}]


async def test_a_migration_that_fails_changes_nothing(empty_url, history):
    await history("first", FIRST)
    await schema.upgrade(empty_url, history=history.name)
    await run(empty_url, """INSERT INTO "user" (id, name, note, old) VALUES (1, 'ann', 'x', 5)""")
    module = await history("second", SECOND)
    step = sys.modules[module].__file__.replace("second_models.py", "versions/0002_second.py")
    text = Path(step).read_text()
    Path(step).write_text(text[: text.rindex("]")] + "    ops.RunSQL('SELECT * FROM nowhere'),\n    ]\n")
    before = await tables(empty_url, module, connected)
    if empty_url.startswith("mysql"):
        with pytest.raises(Unavailable, match=r"nowhere.* cannot take back changes of tables: restore the backup"):
            await schema.upgrade(empty_url, history=history.name)
        assert (await schema.status(empty_url, history=history.name)).applied == ("0001_first",)
        return
    with pytest.raises(OperationalError, match="nowhere"):
        await schema.upgrade(empty_url, history=history.name)
    assert (await schema.status(empty_url, history=history.name)).applied == ("0001_first",)
    assert (await tables(empty_url, module, connected))[0] == before[0]
    assert await ask(empty_url, 'SELECT * FROM "user"') == [{"id": 1, "name": "ann", "note": "x", "old": 5}]


async def test_a_step_that_would_orphan_rows_is_refused_on_sqlite(tmp_path, history):
    url = f"sqlite://{tmp_path / 'hub.db'}"
    await history("first", FIRST)
    await schema.upgrade(url, history=history.name)
    await run(url, """INSERT INTO "user" (id, name, old) VALUES (1, 'ann', 5)""")
    await run(url, """INSERT INTO "order" (id, parent_id) VALUES (1, 1)""")
    module = await history("second", SECOND)
    step = Path(sys.modules[module].__file__.replace("second_models.py", "versions/0002_second.py"))
    text = step.read_text()
    step.write_text(text[: text.rindex("]")] + """    ops.RunSQL('DELETE FROM "user"'),\n    ]\n""")
    with pytest.raises(Invalid, match=r"refer to nothing in: order\. Nothing was changed"):
        await schema.upgrade(url, history=history.name)
    assert await ask(url, 'SELECT id FROM "user"') == [{"id": 1}]


async def test_models_that_refer_in_a_circle_keep_both_references(empty_url, history):
    module = await history("circle", CIRCLE)
    await schema.upgrade(empty_url, history=history.name)
    async with connected(empty_url) as client:
        found = await schema_picture.found(client)
        models = [sys.modules[module].Egg, sys.modules[module].Hen]
        assert found == schema_picture.wanted(models, client.capabilities.dialect)


async def test_a_circle_of_references_that_are_never_null_is_refused(history):
    with pytest.raises(Invalid, match="refer to one another"):
        await history("circle", CIRCLE.replace(", on_delete=fields.SET_NULL, null=True", ""))


async def test_a_new_field_that_existing_rows_could_not_have_is_refused(history):
    await history("first", FIRST)
    with pytest.raises(Invalid, match=r"Parent\.rank is new and not null: give it db_default="):
        await history("second", SECOND.replace("default=7, db_default=7", "default=7"))


async def test_a_name_is_checked_before_it_becomes_a_file():
    with pytest.raises(Invalid, match="Name a migration in lower case"):
        await authoring.new("../evil")


def test_an_index_that_tortoise_would_forget_is_refused():
    field = fields.IntField(null=True, db_index=True)
    assert authoring.refused(AddField("Task", "rank", field)) == [
        "Task.rank is new and has db_index: name it in Meta.indexes, or no index is created."
    ]
    assert authoring.refused(AddField("Task", "rank", fields.IntField(db_default=0))) == []
    assert authoring.refused(CreateModel("Task", [])) == []


@pytest.mark.parametrize(
    ("script", "pieces"),
    [
        ("SELECT 1; SELECT 2;", ["SELECT 1", "SELECT 2"]),
        ("SELECT ';' ; SELECT \";\"", ["SELECT ';'", 'SELECT ";"']),
        ("SELECT 1 /* a; b */; -- c; d\nSELECT 2", ["SELECT 1 /* a; b */", "-- c; d\nSELECT 2"]),
        (" ; ;\n", []),
    ],
)
def test_a_script_is_cut_where_statements_end(script, pieces):
    assert statements(script) == pieces


def connected(url):
    return schema._connected(schema.read(url))
