"""The activity: what happened, as sentences in the reader's language with links."""

from __future__ import annotations

import re
from typing import Any

import pytest

from hub.context import Hub
from hub.models import Schedule
from hub.services import events
from hub.services.actor import SYSTEM, Actor
from hub.testing.booted import PASSWORD
from hub.testing.reader import Reader
from hub.testing.scene import Scene
from hub.web.app import make_app
from hub.web.event_words import SENTENCES
from hub.web.pages.event_sentences import _understood

RUSSIAN = {"Accept-Language": "ru"}


@pytest.fixture
async def told(hub: Hub, scene: Scene) -> dict[str, Any]:
    """Events as they are written, of a template that is there and of things that are gone."""
    template = await scene.template("hello.sh", name="Renewal of the <certificates> in all zones")
    nightly = await Schedule.create(project=scene.project, template=template, name="Nightly", cron_format="0 3 * * *")
    at = {"project_id": scene.project.id}
    written = [
        (SYSTEM, "template", template.id, f"Template ID {template.id} updated"),
        (SYSTEM, "template", 999, "Template ID 999 deleted"),
        (Actor("schedule", source_id=nightly.id), "task", 77, f"Task ID 77 ({template.name}) WAITING"),
        (SYSTEM, "task", 77, f"Task ID 77 ({template.name}) finished with status ERROR"),
        (SYSTEM, "task", 78, "Task ID 78 (Old) deleted"),
        (SYSTEM, "key", 5, "Secret storage Deep has been deleted"),
        (SYSTEM, "thing", None, "What a plugin <wrote>"),
    ]
    for actor, kind, subject, text in written:
        await events.record(hub, actor, kind, subject, text, **at)
    return {"template": template.id, "schedule": nightly.id, "root": f"/project/{scene.project.id}"}


async def shown(hub: Hub, scene: Scene, **headers: str) -> str:
    reader = Reader(make_app(hub))
    await reader.sign_in("admin", PASSWORD)
    page = (await reader.get(f"/project/{scene.project.id}/activity", **headers)).text
    return re.sub(r"\s+", " ", page)


async def test_events_are_sentences_that_lead_to_what_they_are_about(
    hub: Hub, scene: Scene, told: dict[str, Any]
) -> None:
    page, root = await shown(hub, scene), told["root"]
    name = "Renewal of the &lt;certificates&gt; in all zones"
    assert f'Template <a href="{root}/templates/{told["template"]}">{name}</a> was changed' in page
    assert "Template <strong>no. 999</strong> was deleted" in page
    assert f'Task <a href="{root}/tasks/77">#77 {name}</a> failed' in page
    assert f'Schedule <a href="{root}/schedule/{told["schedule"]}">Nightly</a>' in page
    assert "Task <strong>#78 Old</strong> was deleted" in page
    assert "Secret storage <strong>Deep</strong> was deleted" in page
    assert "What a plugin &lt;wrote&gt;" in page
    assert "The hub" in page


async def test_events_are_told_in_russian_with_names_as_they_are(hub: Hub, scene: Scene, told: dict[str, Any]) -> None:
    page = await shown(hub, scene, **RUSSIAN)
    name = "Renewal of the &lt;certificates&gt; in all zones"
    assert f'Задача <a href="{told["root"]}/tasks/77">#77 {name}</a> завершилась с ошибкой' in page
    assert f'Шаблон <a href="{told["root"]}/templates/{told["template"]}">{name}</a> изменён' in page
    assert not re.search(r"(created|updated|deleted|WAITING|finished)\b", page)


def test_every_description_is_understood_as_itself() -> None:
    for wire, ours in SENTENCES.items():
        values = {name: f"{n}" for n, name in enumerate(re.findall(r"%\((\w+)\)s", wire), start=41)}
        found = _understood(wire % values)
        assert found is not None
        assert (found[0], found[1]) == (ours, values)
        assert {*re.findall(r"%\((\w+)\)s", ours)} <= {*values, "it"}
