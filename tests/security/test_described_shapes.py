"""Whatever can be read is answered as it is described, and every member that is described is really there."""

from __future__ import annotations

import re
from collections import defaultdict
from typing import Any

from hub.web.api import load_routes
from hub.web.api.routing import ROUTES, Route
from hub.web.openapi.document import document

from .people import Caller
from .used_hub import grow

load_routes()
READ = sorted((one for one in ROUTES.all if one.method == "GET" and "gives" in one.about), key=lambda one: one.path)

_PART = re.compile(r"\{(\w+)\}")
_REF = "#/components/schemas/"

ALONE = {"/internal/runners"}
"""Read by runners, with a token that is for nothing else."""

MOST = 3
"""Things of one list that are read one by one."""


class Seen:
    """Which members of which shapes came with a value, and which without."""

    def __init__(self) -> None:
        self.ways: dict[str, set[str]] = defaultdict(set)
        self.schemas: dict[str, Any] = document()["components"]["schemas"]

    def look(self, schema: dict[str, Any], value: Any) -> None:
        """Take an answer, which fits its schema."""
        for choice in schema.get("anyOf", ()):
            if "$ref" not in choice or self._fits(choice, value):
                self.look(choice, value)
        if "$ref" in schema and isinstance(value, dict):
            self._members(schema["$ref"].removeprefix(_REF), value)
        if isinstance(value, list):
            for one in value:
                self.look(schema.get("items", {}), one)

    def never(self, way: str) -> set[str]:
        """Members that never came like this, though they may: with a `value`, or `empty`, which is null or absent."""
        return {
            member for member, ways in self.ways.items() if way not in ways and (way == "value" or self._may(member))
        }

    def _may(self, member: str) -> bool:
        """Whether it may be null or absent."""
        name, _, own = member.partition(".")
        shape = self.schemas[name]
        return own not in shape.get("required", ()) or "'null'" in str(shape["properties"][own].get("anyOf"))

    def _fits(self, choice: dict[str, Any], value: Any) -> bool:
        shape = self.schemas[choice["$ref"].removeprefix(_REF)]
        return isinstance(value, dict) and set(shape.get("required", ())) <= set(value) <= set(shape["properties"])

    def _members(self, name: str, value: dict[str, Any]) -> None:
        for member, schema in self.schemas[name].get("properties", {}).items():
            way = "empty" if value.get(member) is None else "value"
            self.ways[f"{name}.{member}"].add(way)
            if way == "value":
                self.look(schema, value[member])


class Walk:
    """Reads everything that can be found, beginning with the lists that need nothing."""

    def __init__(self, caller: Caller) -> None:
        self.caller, self.seen = caller, Seen()
        self.read: set[str] = set()
        self.full: set[str] = set()
        """Routes that gave something, not only an empty list."""
        self.found: dict[str, list[Any]] = {}

    async def all(self) -> None:
        for route in sorted(READ, key=lambda one: len(_PART.findall(one.path))):
            for address in await self.addresses(route):
                reply = await self.caller.get(address + ASKED.get(route.path, ""))
                if reply.status == 200:
                    self.read.add(route.path)
                    if reply.json:
                        self.full.add(route.path)
                    self.found[address] = reply.json if isinstance(reply.json, list) else []
                    schema = document()["paths"][route.path]["get"]["responses"]["200"]["content"]["application/json"]
                    self.seen.look(schema["schema"], reply.json)

    async def addresses(self, route: Route) -> list[str]:
        """Every address of a route for things of the lists that it stands below."""
        found = [""]
        for place, part in enumerate(route.path.split("/")[1:]):
            if not part.startswith("{"):
                found = [f"{one}/{part}" for one in found]
                continue
            above = {"/project": "/projects"}
            found = [
                f"{one}/{item[self.name_of(part, item)]}"
                for one in found
                for item in self.found.get(above.get(one, one), ())[: MOST if place > 1 else None]
            ]
        return found

    def name_of(self, part: str, item: dict[str, Any]) -> str:
        name = part.strip("{}")
        return name if name in item and name != "project_id" else "id"


ASKED = {"/project/{project_id}/tasks/{task_id}/log/search": "?q=e&limit=1", "/search": "?q=e"}
"""What gives nothing to those who ask for nothing."""

CONSTANT = {
    "App.args", "ListedApp.args", "Environment.password", "Inventory.template_id", "IntegrationRefs.matchers",
    "IntegrationRefs.values", "Project.default_secret_storage_id",
    "ListedSchedule.task_params", "LogEntry.stage_id", "Stage.start_output_id", "Stage.end_output_id",
    "BackupKey.expires", "Key.expires", "LogPart.resume",
}  # fmt: skip
"""Members that never have a value here: of the wire's things, dates that nobody set, and where a long log goes on."""

ELSEWHERE = {
    "Backup.secrets", "BackupEnvironment.password", "ListedUser.service", "User.totp", "OwnUser.totp",
    "MemberUser.totp", "MemberUser.service",
    "OwnUser.service", "User.service", "Key.owner", "Key.empty", "Key.source_storage_id", "State.state",
    "ListedSchedule.repository_id", "ProjectRefs.host_configs", "Coming.freeze", "StateChanges.since",
    "StateChanges.since_serial", "StateLock.task_id", "HostsSeen.looked",
    "KeyAbout.public_key", "KeyAbout.fingerprint", "KeyAbout.certificate", "BackupInventory.source_keys",
}  # fmt: skip
"""Of people and things that tests of their own are about."""

ALWAYS = {
    "BackupIntegration.alias_count", "BackupRepository.ssh_key", "BackupTemplate.repository",
    "BuildTask.commit_hash", "BuildTask.commit_message", "BuildTask.message", "BuildTask.version",
    "Drift.inventory_id", "DriftCheck.inventory_id", "HostConfig.ssh_key_id", "Identity.last_used",
    "Inventory.runner_tag", "Key.project_id",
    "DashboardTask.tpl_app", "ListedTask.tpl_app", "WorkerTask.start", "ListedUser.admin", "ListedUser.alert",
    "ListedUser.created", "ListedUser.email", "ListedUser.external", "ListedUser.pro", "State.task_id",
    "StateAlias.auth_key_id", "StateVersion.task_id", "TaskParams.environment",
    "Template.app", "TemplateFile.keys", "TemplateFile.repositories", "LastNotice.settled",
}  # fmt: skip
"""Members that may be missing, of things that nobody here has without them."""


async def test_everything_that_can_be_read_is_read_and_has_every_member(stage, client, furnished):
    await grow(stage, client.actor, furnished)
    walk = Walk(client)
    await walk.all()
    assert {one.path for one in READ} - walk.read == ALONE
    # Nobody set any options or stars; what is known of an SSH key is shown where such keys are.
    assert walk.read - walk.full == {"/user/options", "/user/stars", "/project/{project_id}/keys/{key_id}/about"}
    assert walk.seen.never("value") == CONSTANT | ELSEWHERE
    assert walk.seen.never("empty") == ALWAYS
