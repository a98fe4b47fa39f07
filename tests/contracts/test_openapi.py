"""The description of the API is valid, complete and true: it is made from what the server does."""

from __future__ import annotations

import ast
import asyncio
import inspect
import re
import sys
import textwrap
from pathlib import Path
from typing import get_args

import pytest
from openapi_spec_validator import OpenAPIV31SpecValidator
from pydantic import TypeAdapter

from hub import shapes
from hub.services.draft import Draft
from hub.testing.booted import booted
from hub.testing.conformance import Departed, said_of
from hub.web.api import load_routes
from hub.web.api.routing import PREFIX, ROUTES, Route
from hub.web.openapi import outline
from hub.web.openapi.document import alone, document
from hub.web.openapi.examples import EXAMPLES
from hub.web.openapi.watching import STREAM_PATH

SNAPSHOT = Path(__file__).with_name("openapi.txt")
BEYOND = {"LOCK", "UNLOCK"}
"""Methods that OpenAPI has no word for."""

NO_BODY = {204, 307, 400, 404}
"""Statuses of routes that are read and never give anything."""

load_routes()
DESCRIBED = [one for one in ROUTES.all if one.method not in BEYOND]


@pytest.fixture(autouse=True, scope="module")
def described():
    """The description is made in a hub, whose models know their columns; it stays the same ever after."""

    async def describe():
        async with booted():
            document()

    asyncio.run(describe())


def name_of(route: Route) -> str:
    return f"{route.method} {route.path}"


def source_of(route: Route) -> ast.AsyncFunctionDef:
    (found,) = ast.parse(textwrap.dedent(inspect.getsource(inspect.unwrap(route.view)))).body
    assert isinstance(found, ast.AsyncFunctionDef)
    return found


def drafts_read_in(route: Route) -> set[type[Draft]]:
    """Drafts on which the view calls `read`, or which it hands to what does."""
    module = vars(sys.modules[route.view.__module__])
    found = set()
    for node in ast.walk(ast.Module(source_of(route).body, [])):
        if isinstance(node, ast.Name | ast.Attribute):
            try:
                value = eval(ast.unparse(node), module)
            except Exception:  # it is a name of the function, not of the module
                continue
            if isinstance(value, type) and issubclass(value, Draft):
                found.add(value)
    return found


# The document


def test_the_document_is_valid_openapi():
    OpenAPIV31SpecValidator(dict(document())).validate()


def test_every_route_is_described_and_nothing_else_but_the_live_view():
    told = {f"{method.upper()} {path}" for path, methods in document()["paths"].items() for method in methods}
    assert told == {name_of(one) for one in DESCRIBED} | {f"GET {STREAM_PATH}"}


def test_a_route_that_is_described_alone_is_described_as_among_all():
    whole = document()
    for group in outline.groups():
        for line in group.lines:
            found = alone(line.name)
            assert found is not None
            operation = whole["paths"][line.path][line.method.lower()]
            assert found["paths"] == {line.path: {line.method.lower(): operation}}
            assert found["components"]["schemas"].items() <= whole["components"]["schemas"].items()
            assert (operation["operationId"], operation["summary"]) == (line.name, line.summary)
            assert operation["tags"] == [group.name]


def test_every_operation_says_in_a_sentence_what_it_does():
    for path, methods in document()["paths"].items():
        for method, operation in methods.items():
            assert operation["summary"][0].isupper(), (method, path)
            assert len(operation["summary"]) <= 120, (method, path)


def test_every_schema_is_used():
    text = str(document())
    unused = [name for name in document()["components"]["schemas"] if f"'#/components/schemas/{name}'" not in text]
    assert unused == []


def test_what_changed_is_seen():
    """The names and types of everything. When a change is meant, delete the file and run this test."""
    if not SNAPSHOT.exists():
        SNAPSHOT.write_text(picture(), "utf-8")
    assert picture() == SNAPSHOT.read_text("utf-8")


def picture() -> str:
    """A text of the document that people can compare: one line for each operation, and for each member of a schema."""
    lines = []
    for path, methods in document()["paths"].items():
        for method, one in methods.items():
            names = [named["name"] for named in one.get("parameters", ()) if "name" in named and named["in"] == "query"]
            body = short(next(iter(one.get("requestBody", {}).get("content", {}).values()), {}).get("schema"))
            good = {status: said for status, said in one["responses"].items() if status < "300"}
            gives = ",".join(
                f"{status}:{short(next(iter(said.get('content', {}).values()), {}).get('schema'))}"
                for status, said in good.items()
            )
            asked = f" ?{','.join(names)}" if names else ""
            lines.append(f"{method.upper()} {path}{asked} {one['operationId']} {body} -> {gives}")
    for name, schema in document()["components"]["schemas"].items():
        required = schema.get("required", ())
        lines += [
            f"{name}.{member}{'' if member in required else '?'}: {short(said)}"
            for member, said in schema.get("properties", {}).items()
        ]
    return "\n".join(lines) + "\n"


def short(schema: dict | None) -> str:
    if not schema:
        return "-"
    if "$ref" in schema:
        return schema["$ref"].rpartition("/")[2]
    if "anyOf" in schema:
        return "|".join(short(one) for one in schema["anyOf"])
    if "enum" in schema:
        return "/".join(map(str, schema["enum"]))
    kind = schema.get("format") or schema.get("type", "any")
    return f"[{short(schema['items'])}]" if kind == "array" and schema.get("items") else str(kind)


# What routes say of themselves


@pytest.mark.parametrize("route", [one for one in DESCRIBED if one.needs_body], ids=name_of)
def test_a_route_that_needs_a_body_says_which(route):
    assert "takes" in route.about


@pytest.mark.parametrize("route", DESCRIBED, ids=name_of)
def test_a_route_takes_what_its_view_reads(route):
    read = drafts_read_in(route)
    declared = route.about.get("takes")
    assert read == ({declared} if isinstance(declared, type) and issubclass(declared, Draft) else set())


@pytest.mark.parametrize("route", [one for one in DESCRIBED if one.method == "GET"], ids=name_of)
def test_a_route_that_is_read_says_what_it_gives(route):
    about = route.about
    assert "gives" in about or "media" in about or about.get("status", 0) in {204, 307, 404}


@pytest.mark.parametrize("route", DESCRIBED, ids=name_of)
def test_a_route_says_201_exactly_when_its_view_makes_something(route):
    makes = any(isinstance(node, ast.Name) and node.id == "Made" for node in ast.walk(source_of(route)))
    assert (route.about.get("status") == 201) == makes


@pytest.mark.parametrize("name", EXAMPLES)
def test_an_example_fits_what_it_is_an_example_of(name):
    drafts = {taken for one in DESCRIBED for taken in get_args(one.about.get("takes")) or [one.about.get("takes")]}
    kind = getattr(shapes, name, None) or next(one for one in drafts if getattr(one, "__name__", "") == name)
    if isinstance(kind, type) and issubclass(kind, Draft):
        assert len(kind.read(EXAMPLES[name]).model_fields_set) == len(EXAMPLES[name])
    else:
        TypeAdapter(kind).validate_python(EXAMPLES[name])


# The answers


def test_an_answer_that_departs_is_found():
    """Every call of the tests of the API goes through this check; here it is seen to bite."""
    said = said_of("GET", "/project/1/keys/2")
    assert said is not None
    key = b'{"id":1,"name":"x","type":"none","project_id":1,"string":"","login_password":{"login":"","password":""},'
    key += b'"ssh":{"login":"","passphrase":"","private_key":""}'
    said.check(200, "application/json", key + b"}")
    for wrong in (b'{"id":1}', key + b',"secret":"x"}', key.replace(b"1", b'"1"') + b"}", b"[]"):
        with pytest.raises(Departed):
            said.check(200, "application/json", wrong)
    with pytest.raises(Departed):
        said.check(201, "application/json", key + b"}")


def test_paths_without_parameters_win():
    assert (
        said_of("GET", "/api/project/1/tasks/last").responses["200"]
        != said_of("GET", "/project/1/tasks/2").responses["200"]
    )
    assert said_of("GET", "/nowhere") is None


WIRE = {
    "Project": "id name created alert? alert_chat? max_parallel_tasks? type default_secret_storage_id?",
    "Key": "id name type project_id* string login_password ssh empty? owner? source_storage_id? source_storage_key? "
    "source_storage_type?",
    "Repository": "id name project_id git_url git_branch ssh_key_id",
    "Inventory": "id name project_id inventory ssh_key_id* become_key_id* type template_id* repository_id* runner_tag?",
    "Environment": "id name project_id password* json env* secrets? secret_storage_id? secret_storage_key_prefix?",
    "EnvironmentSecret": "id type name secret operation",
    "Template": "id project_id inventory_id? repository_id environment_id? name playbook arguments? "
    "allow_override_args_in_task? description? vaults? type? start_version? build_template_id? view_id? last_task? "
    "autorun? git_branch? survey_vars? suppress_success_alerts? app? tasks task_params? runner_tag? "
    "allow_override_branch_in_task? allow_parallel_tasks? permissions*",
    "SurveyVariable": "name title required? type? description? values? default_value?",
    "TemplateVault": "id project_id template_id vault_key_id? name? type script?",
    "Task": "id template_id project_id status playbook environment? arguments? git_branch? user_id? integration_id? "
    "schedule_id? created start? end? message? commit_hash? commit_message? build_task_id? version? inventory_id? "
    "params? limit",
    "ListedTask": "tpl_playbook tpl_alias tpl_type? tpl_app? user_name? build_task?",
    "LogEntry": "id task_id time output stage_id*",
    "Stage": "id task_id start* end* start_output_id* end_output_id* type result",
    "HostResult": "id task_id project_id host changed failed ignored ok rescued skipped unreachable created",
    "HostError": "id task_id project_id host task error created",
    "DayFigures": "date count_by_status avg_duration",
    "Schedule": "id project_id template_id cron_format name active type delete_after_run repository_id* run_at? "
    "task_params?",
    "ListedSchedule": "tpl_name",
    "View": "id project_id title position type? hidden? sort_column? sort_reverse?",
    "Integration": "id name project_id template_id auth_method auth_secret_id* auth_header searchable task_params?",
    "Matcher": "id integration_id name match_type method body_data_type key value",
    "ExtractedValue": "id integration_id name value_source body_data_type key variable variable_type",
    "Alias": "id url",
    "Event": "user_id* project_id* integration_id* object_id* object_type* description* created object_name "
    "project_name* username*",
    "User": "id created username name email admin external alert pro totp?",
    "OwnUser": "can_create_project has_active_subscription",
    "Token": "id created expired user_id",
    "Member": "id username name role",
    "ListedApp": "id active priority title icon color dark_color path args*",
    "LiveTask": "task_id project_id username? status location project_name",
    "Info": "version ansible web_host use_remote_runner auth_methods premium_features git_client schedule_timezone "
    "teams roles",
    "Refs": "templates inventories repositories integrations schedules access_keys",
    "IntegrationRefs": "matchers* values*",
}
"""Members as the wire has them: `?` may be left out, `*` may be null."""


@pytest.mark.parametrize("name", WIRE)
def test_a_shape_has_every_member_of_the_wire_as_the_wire_has_it(name):
    schema = document()["components"]["schemas"][name]
    for word in WIRE[name].split():
        member, optional = word.rstrip("?*"), word.endswith("?")
        assert member in schema["properties"], member
        assert (member not in schema["required"]) == optional, member
        if not optional and "result" not in member:
            assert bool(re.search(r"'type': 'null'", str(schema["properties"][member]))) == word.endswith("*"), member


async def test_the_document_is_served_to_everybody_with_the_address_of_the_hub(hub):
    from hub.web.app import make_app

    client = make_app(hub).test_client()
    for path in (f"{PREFIX}/openapi.json", f"{PREFIX}/openapi.json/"):
        answer = await client.get(path)
        assert (answer.status_code, answer.content_type) == (200, "application/json")
        said = await answer.get_json()
        assert said["openapi"] == "3.1.0"
        assert said["servers"] == [{"url": "/api"}]
    assert (await client.head(f"{PREFIX}/openapi.json")).status_code == 200
    page = await client.get(f"{PREFIX}/docs")
    assert page.status_code == 200
    assert 'data-description="/api/openapi.json"' in await page.get_data(as_text=True)
