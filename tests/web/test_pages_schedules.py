"""Pages of schedules, freezes and the calendar, all without scripts."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from hub.models import Freeze, Schedule, Template
from hub.services.schedule_params import open_secret
from hub.testing.booted import PASSWORD
from hub.testing.reader import Reader, Sheet
from hub.testing.scene import Scene
from hub.web.app import make_app

NIGHTLY = {
    "name": "Nightly", "type": "", "every": "daily", "at": "03:00", "time_zone": "Europe/Berlin", "active": "true",
    "overlap": "skip", "misfire": "once",
}  # fmt: skip


@pytest.fixture
async def reader(scene: Scene) -> Reader:
    reader = Reader(make_app(scene.hub))
    await reader.sign_in("admin", PASSWORD)
    return reader


@pytest.fixture
def root(scene: Scene) -> str:
    return f"/project/{scene.project.id}/schedule"


async def made(scene: Scene, reader: Reader, root: str, **further: Any) -> Schedule:
    """Make a schedule with the form."""
    template = await scene.template("hello.sh", name="Greet <all>")
    sheet = await reader.send(f"{root}/new?template={template.id}", NIGHTLY | further)
    assert sheet.status == 303, said(sheet)
    return await Schedule.all().order_by("-id").first()


def said(sheet: Sheet) -> list[str]:
    return re.findall(r'invalid-feedback d-block"[^>]*>([^<]*)<', sheet.text)


async def test_from_an_empty_list_to_a_schedule_that_is_changed_paused_and_deleted(scene, reader, root):
    assert "No schedules yet" in (await reader.get(root)).text
    schedule = await made(scene, reader, root)
    assert (schedule.cron_format, schedule.time_zone, schedule.overlap, schedule.misfire) == (
        "0 3 * * *", "Europe/Berlin", "skip", "once",
    )  # fmt: skip
    listed = (await reader.get(root)).text
    assert "Every day at 03:00" in listed
    assert "Europe/Berlin" in listed
    assert "Greet &lt;all&gt;" in listed
    one = f"{root}/{schedule.id}"
    assert 'value="03:00"' in (await reader.get(one)).text
    weekly = NIGHTLY | {"every": "weekly", "days": "0", "at": "22:15", "max_runs": "7", "name": "Weekly"}
    assert (await reader.send(one, weekly)).status == 303
    await schedule.refresh_from_db()
    assert (schedule.cron_format, schedule.max_runs) == ("15 22 * * 0", 7)
    assert "Sun at 22:15" in (await reader.get(root)).text
    await reader.send(f"{one}/active", {})
    await schedule.refresh_from_db()
    assert (schedule.active, schedule.next_run_at) == (False, None)
    await reader.send(f"{one}/active", {"active": "true"})
    await schedule.refresh_from_db()
    assert schedule.active
    assert (await reader.send(f"{one}/delete")).status == 303
    assert not await Schedule.exists()


@pytest.mark.parametrize(
    ("change", "error"),
    [
        ({"name": ""}, "Give the schedule a name."),
        ({"at": "quarter past"}, "Write a time of day such as 03:00."),
        ({"every": "weekly"}, "Choose at least one day of the week."),
        (
            {"every": "minutes", "minutes": "90"},
            "Choose from 1, 2, 3, 4, 5, 6, 10, 12, 15, 20, 30: these go into an hour.",
        ),
        ({"every": "custom", "cron_format": "often"}, "Cron: expected exactly 5 fields, found 1: [often]."),
        ({"type": "run_at", "run_at": "soon"}, "Write a day and a time such as 2030-01-31 12:00."),
        ({"max_runs": "many"}, "Write a whole number."),
    ],
)
async def test_what_is_wrong_is_said_beside_its_field_and_what_was_written_stays(scene, reader, root, change, error):
    template = await scene.template("hello.sh")
    sheet = await reader.send(f"{root}/new?template={template.id}", NIGHTLY | change)
    assert (sheet.status, said(sheet)) == (400, [error])
    assert 'value="Europe/Berlin"' in sheet.text
    assert not await Schedule.exists()


async def test_once_at_a_moment_of_the_zone_that_is_named(scene, reader, root):
    day = (datetime.now(UTC) + timedelta(days=400)).strftime("%Y-07-%d")
    schedule = await made(scene, reader, root, type="run_at", run_at=f"{day}T09:30", delete_after_run="true")
    assert schedule.run_at.strftime("%H:%M") == "07:30"
    assert schedule.delete_after_run
    assert f'value="{day}T09:30"' in (await reader.get(f"{root}/{schedule.id}")).text


async def test_answers_are_asked_for_and_secret_ones_stay_unless_they_are_written_anew(scene, reader, root):
    survey = [{"name": name, "title": name.title(), "type": "secret"} for name in ("word", "other")]
    survey.append({"name": "size", "title": "Size", "type": "int"})
    template = await scene.template("hello.sh", survey_vars=survey)
    answers = {"survey-word": "mellon", "survey-other": "sesame", "survey-size": "3"}
    await reader.send(f"{root}/new?template={template.id}", NIGHTLY | answers)
    schedule = await Schedule.get()
    form = (await reader.get(f"{root}/{schedule.id}")).text
    assert "mellon" not in form
    assert 'value="3"' in form
    await reader.send(f"{root}/{schedule.id}", NIGHTLY | {"survey-word": "speak", "survey-size": "4"})
    await schedule.refresh_from_db()
    assert open_secret(scene.hub, schedule) == {"word": "speak", "other": "sesame"}
    assert json.loads(schedule.task_params["environment"]) == {"size": "4"}


async def test_the_next_runs_are_shown_for_what_is_written_or_what_is_wrong_with_it(reader, root):
    sheet = await reader.send(f"{root}/preview", NIGHTLY | {"every": "custom", "cron_format": "@every 90m"})
    assert sheet.text.count("<li>") == 5
    sheet = await reader.send(f"{root}/preview", NIGHTLY | {"time_zone": "Mars"})
    assert (sheet.status, "unknown time zone Mars" in sheet.text) == (200, True)
    assert "<li>" not in (await reader.send(f"{root}/preview", {"type": "run_at"})).text


async def test_everything_is_paused_until_somebody_lets_it_go_on(scene, reader, root):
    await made(scene, reader, root)
    assert (await reader.send(f"{root}/pause")).status == 303
    freeze = await Freeze.get()
    page = (await reader.get(root)).text
    assert "until somebody lets them go on" in page
    assert "Paused by" in page
    assert (await reader.send(f"{root}/resume", {"freeze": str(freeze.id)})).status == 303
    assert not await Freeze.exists()
    assert "Pause all" in (await reader.get(root)).text


async def test_freezes_once_and_again_and_again(scene, reader, root):
    at = root.replace("schedule", "freezes")
    assert "No freezes" in (await reader.get(at)).text
    form = {"name": "Audit", "starts": "2099-03-01T00:00", "ends": "2099-03-08T00:00", "time_zone": "Asia/Tokyo",
            "active": "true"}  # fmt: skip
    assert (await reader.send(f"{at}/new", form)).status == 303
    audit = await Freeze.get(name="Audit")
    assert (audit.starts.hour, audit.time_zone) == (15, "Asia/Tokyo")
    nights = {"name": "Nights", "kind": "cron", "every": "daily", "at": "22:00", "length": "480", "active": "true",
              "time_zone": "UTC", "everything": "true"}  # fmt: skip
    assert (await reader.send(f"{at}/new", nights)).status == 303
    page = (await reader.get(at)).text
    assert "From 2099-03-01 00:00 to 2099-03-08 00:00 (Asia/Tokyo)" in page
    assert "Every day at 22:00 for 8 hours (UTC)" in page
    wrong = await reader.send(f"{at}/{audit.id}", form | {"ends": "2099-02-01T00:00"})
    assert said(wrong) == ["A freeze must end after it starts."]
    long = await reader.send(f"{at}/new", nights | {"length": "0"})
    assert said(long) == ["Say how many minutes the freeze lasts."]


async def test_the_calendar_shows_a_week_in_a_zone_and_often_once(scene, reader, root):
    await made(scene, reader, root)
    await made(scene, reader, root, name="Often", every="minutes", minutes="15")
    page = (await reader.get(f"{root}/calendar?time_zone=America/New_York")).text
    assert page.count('class="card week-day"') == 7
    assert page.count(">Nightly</a>") >= 6
    assert "times and more on this day" in page
    assert page.count(">Often</a>") <= 7 + 3
    wrong = await reader.get(f"{root}/calendar?time_zone=Mars")
    assert (wrong.status, "no time zone of that name" in wrong.text) == (400, True)


async def test_the_template_of_a_new_schedule_is_found_among_thousands(scene, reader, root):
    only = await scene.template("hello.sh", name="Only one")
    assert (await reader.get(f"{root}/new")).place == f"{root}/new?template={only.id}"
    await Template.bulk_create([
        Template(project=scene.project, repository=scene.repository, name=f"Greet {number}", app="bash", playbook="x")
        for number in range(60)
    ])  # fmt: skip
    first = (await reader.get(f"{root}/new")).text
    assert "The first 50 are shown; search for others." in first
    assert ">Only one<" not in first
    found = (await reader.get(f"{root}/new?q=only")).text
    assert f'href="{root}/new?template={only.id}"' in found
    assert ">Greet 1<" not in found
    assert "No template fits" in (await reader.get(f"{root}/new?q=nothing")).text
