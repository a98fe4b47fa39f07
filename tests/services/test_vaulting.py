"""Secrets at rest: the proof at start, the check, and the rotation while the hub works."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from hub.boot import open_hub
from hub.context import Hub
from hub.errors import SettingsError
from hub.models import Key, Option, Project, Task
from hub.plugin import Outcome
from hub.registry import Registry
from hub.services import vaulting
from hub.services.tasks import brief, finish
from hub.services.tasks.moves import subject_of
from hub.settings import Settings
from hub.vault import Vault, new_key_text, place, ring_file, with_new_key

from .task_steps import started


async def sealed_keys(hub: Hub, count: int) -> list[int]:
    """Store keys with secrets; return their ids."""
    project = await Project.create(name="p", created=hub.clock())
    ids = []
    for number in range(count):
        key = await Key.create(project_id=project.id, name=f"k{number}", type="string")
        sealed = hub.vault.seal(f"secret {number}", place("key", "secret", key.id))
        await Key.filter(id=key.id).update(secret=sealed)
        ids.append(key.id)
    return ids


async def test_a_fresh_hub_has_one_secret_the_proof_of_its_key(hub: Hub) -> None:
    assert await vaulting.has_secrets()
    report = await vaulting.check(hub)
    assert (report.current, report.older, report.broken) == (1, 0, [])


async def test_rotation_seals_everything_anew_and_a_second_one_finds_nothing_to_do(hub: Hub) -> None:
    ids = await sealed_keys(hub, 3)
    fresh = replace(hub, vault=with_new_key(hub.vault))
    assert (await vaulting.check(fresh)).older == 4
    report = await vaulting.rotate(fresh)
    assert (report.current, report.older, report.broken) == (0, 4, [])
    for number, key_id in enumerate(ids):
        stored = (await Key.get(id=key_id)).secret
        assert fresh.vault.is_current(stored or "")
        assert fresh.vault.open(stored or "", place("key", "secret", key_id)) == f"secret {number}"
    again = await vaulting.rotate(fresh)
    assert (again.current, again.older) == (4, 0)
    await vaulting.check_canary(fresh)


async def test_rotation_goes_through_more_rows_than_one_read(hub: Hub) -> None:
    await sealed_keys(hub, 501)
    fresh = replace(hub, vault=with_new_key(hub.vault))
    assert (await vaulting.rotate(fresh)).older == 502
    assert (await vaulting.check(fresh)).older == 0


async def test_what_a_task_keeps_while_it_waits_for_a_person_is_rotated_too(scene: Any) -> None:
    number = await started(scene)
    subject = await subject_of(number)
    assert subject is not None
    assert await finish.finish(scene.hub, subject, Outcome.awaiting("Go on?", {}, {"token": "canary-of-a-state"}))
    assert "canary-of-a-state" not in json.dumps((await Task.get(id=number)).resumed)
    fresh = replace(scene.hub, vault=with_new_key(scene.hub.vault))
    assert (await vaulting.rotate(fresh)).broken == []
    assert (await vaulting.check(fresh)).older == 0
    alone = replace(fresh, vault=Vault(fresh.vault.active, {fresh.vault.active: fresh.vault.keys[fresh.vault.active]}))
    assert (await brief.load(alone, number)).resumed == {"token": "canary-of-a-state"}
    assert (await vaulting.rotate(fresh)).older == 0


async def test_the_secrets_of_waiting_tasks_are_rotated_too(scene: Any) -> None:
    survey = [{"name": "pin", "title": "Pin", "type": "secret"}]
    task_id = await scene.launch(await scene.template("hello.sh", survey_vars=survey), secret='{"pin": "4711"}')
    fresh = replace(scene.hub, vault=with_new_key(scene.hub.vault))
    await vaulting.rotate(fresh)
    stored = (await Task.get(id=task_id)).secret or ""
    assert fresh.vault.is_current(stored)
    assert "4711" in fresh.vault.open(stored, place("task", "secret", task_id))


async def test_a_broken_secret_is_named_and_does_not_stop_the_others(hub: Hub) -> None:
    first, second, _ = await sealed_keys(hub, 3)
    moved = (await Key.get(id=second)).secret
    await Key.filter(id=first).update(secret=moved)
    fresh = replace(hub, vault=with_new_key(hub.vault))
    for work in (vaulting.check, vaulting.rotate):
        report = await work(fresh)
        assert report.older == 3
        assert [line.partition(":")[0] for line in report.broken] == [f"key {first}"]
    assert (await Key.get(id=first)).secret == moved


async def test_a_secret_that_is_changed_meanwhile_is_left_as_it_was_changed(
    hub: Hub, monkeypatch: pytest.MonkeyPatch
) -> None:
    (key_id,) = await sealed_keys(hub, 1)
    fresh = replace(hub, vault=with_new_key(hub.vault))
    newer = fresh.vault.seal("changed", place("key", "secret", key_id))
    unit = vaulting.unit

    async def somebody_first(work: Any) -> Any:
        await Key.filter(id=key_id).update(secret=newer)
        return await unit(work)

    monkeypatch.setattr(vaulting, "unit", somebody_first)
    await vaulting.rotate(fresh)
    assert (await Key.get(id=key_id)).secret == newer


async def test_a_hub_does_not_start_with_the_wrong_key_or_without_its_own(tmp_path: Path, plugins: Registry) -> None:
    settings = Settings(data_dir=tmp_path / "data", admin_password="changeme")
    async with open_hub(settings, plugins=plugins):
        pass
    other = settings.model_copy(update={"vault_keys": f"k1:{new_key_text()}"})
    with pytest.raises(SettingsError, match="does not fit this database"):
        async with open_hub(other, plugins=plugins):
            pass
    ring_file(settings.data_dir).unlink()
    with pytest.raises(SettingsError, match="its key ring is missing"):
        async with open_hub(settings, plugins=plugins):
            pass


async def test_the_proof_is_not_readable(hub: Hub) -> None:
    row = await Option.get(key="vault.canary")
    assert "fits" not in row.value
    assert row.value.startswith("v1:k1:")
