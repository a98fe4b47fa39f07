"""Parts of a log in a real browser: levels, hosts and stages, plays and tasks that fold, and links that keep them."""

from __future__ import annotations

from datetime import timedelta

import pytest
from playwright.async_api import Page, expect

from hub.models import TaskResult
from hub.testing.scene import Scene

from .test_browser_log import Site, browsing, finished_with, place, rows, site

__all__ = ["site"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

HOSTS = [f"web{n}" for n in range(1, 4)]


def playbook(plays: int, tasks: int) -> list[str]:
    """A log as Ansible writes it; the task 2.7 fails on web2."""
    lines = ["starting"]
    for play in range(1, plays + 1):
        lines += [f"PLAY [play {play}] {'*' * 20}", ""]
        for task in range(1, tasks + 1):
            lines.append(f"TASK [task {play}.{task}] {'*' * 20}")
            for host in HOSTS:
                failed = (play, task, host) == (2, 7, "web2")
                lines.append(
                    f"\x1b[0;31mfatal: [{host}]: FAILED! => {{}}\x1b[0m" if failed else f"\x1b[0;32mok: [{host}]\x1b[0m"
                )
            lines.append("")
    return [*lines, f"PLAY RECAP {'*' * 20}", *(f"{host} : ok={plays * tasks}" for host in HOSTS)]


async def told(stage: Scene, task_id: int, **starts: int) -> None:
    """Let the task have stages that begin at these lines, one minute each."""
    await TaskResult.filter(task_id=task_id, kind="stages").delete()
    now = stage.hub.clock()
    stages = [
        {"name": name, "first_line": line, "start": (now + timedelta(minutes=n)).isoformat(),
         "end": (now + timedelta(minutes=n + 1)).isoformat()}
        for n, (name, line) in enumerate(starts.items())
    ]  # fmt: skip
    await TaskResult.create(task_id=task_id, kind="stages", created=now, data={"stages": stages})


async def texts(page: Page) -> list[str]:
    return [text for _, text in await rows(page)]


async def test_a_part_of_a_long_log_is_shown_linked_and_searched(site: Site, stage: Scene) -> None:
    log = playbook(plays=40, tasks=100)
    task_id = await finished_with(stage, log)
    await told(stage, task_id, init=0, play=1, recap=len(log) - 4)
    failed = log.index("\x1b[0;31mfatal: [web2]: FAILED! => {}\x1b[0m")
    async with browsing(site) as page:
        await page.goto(place(site, stage, task_id))
        await expect(page.locator(f"#L{len(log)}")).to_be_in_viewport()
        await page.get_by_label("Lines", exact=True).select_option(label="Errors")
        await expect(page.locator(".log-row")).to_have_count(2)
        assert await texts(page) == ["TASK [task 2.7]", "fatal: [web2]: FAILED! => {}"]

        await page.get_by_label("Lines", exact=True).select_option(label="Headings")
        await expect(page.locator(".log-row").last).to_contain_text("PLAY RECAP")
        await page.click("#log-start")
        await expect(page.locator(".log-row").first).to_contain_text("PLAY [play 1]")

        # A link to the part and to a line opens both; the search stays within.
        await page.goto(f"{place(site, stage, task_id)}?log_stage=3&log_level=#L{len(log)}")
        await expect(page.locator(f"#L{len(log)}")).to_be_in_viewport()
        await expect(page.locator(".log-row")).to_have_count(4)
        await page.get_by_role("searchbox", name="Search the log").fill("web")
        await expect(page.locator("#log-found")).to_have_text("1 of 3")

        # The whole log again, at the line that was linked to.
        await page.get_by_role("button", name="Whole log").click()
        await expect(page.locator(f"#L{len(log) - 20}")).to_be_attached()
        assert "log_stage" not in page.url
        await page.get_by_role("button", name="First error").click()
        await expect(page.locator(f"#L{failed + 1}")).to_be_in_viewport()
        await page.locator("#task-side").get_by_role("button", name="Playbook").click()
        await expect(page.locator("#log-stage")).to_have_value("2")
        await page.click("#log-start")
        await expect(page.locator("#L2")).to_be_in_viewport()
        await expect(page.locator("#L1")).to_have_count(0)


async def test_tasks_plays_and_stages_fold_one_within_the_other(site: Site, stage: Scene) -> None:
    log = playbook(plays=3, tasks=10)
    task_id = await finished_with(stage, log)
    await told(stage, task_id, init=0, play=1, recap=len(log) - 4)
    seen = page_rows = ".log-row:not(.log-folded)"
    async with browsing(site) as page:
        await page.goto(place(site, stage, task_id))
        await expect(page.locator(f"#L{len(log)}")).to_be_in_viewport()
        folds = page.get_by_label("Fold", exact=True)
        await folds.select_option(label="Fold tasks")
        await expect(page.locator(page_rows)).to_have_count(1 + 3 * (2 + 10) + 4)
        await folds.select_option(label="Fold plays")
        await expect(page.locator(seen)).to_have_count(1 + 3 + 1)
        await page.get_by_role("button", name="PLAY [play 2]").click()
        await expect(page.locator(seen)).to_have_count(1 + 3 + 1 + 11)
        await expect(page.get_by_role("button", name="TASK [task 2.7]")).to_contain_text("4 lines")
        await page.get_by_role("button", name="TASK [task 2.7]").click()
        await expect(page.locator(".log-row", has_text="fatal: [web2]")).to_be_visible()
        await folds.select_option(label="Fold stages")
        await expect(page.locator(seen)).to_have_count(3)
        # A line that is asked for by its number is seen, whatever is folded.
        await page.goto(f"{place(site, stage, task_id)}#L100")
        await expect(page.locator("#L100")).to_be_in_viewport()


async def test_new_lines_of_a_part_come_by_themselves(site: Site, stage: Scene) -> None:
    from hub.testing.scene import commit_files

    words = "for n in $(seq 1 40); do echo hay $n; echo 'ok: [web1]'; sleep 0.05; done; echo 'fatal: [web2]: no'\n"
    commit_files(stage.folder, {"mixed.sh": words}, "mixed")
    task_id = await stage.launch(await stage.template("mixed.sh"))
    async with browsing(site) as page:
        await page.goto(f"{place(site, stage, task_id)}?log_level=error")
        await expect(page.locator(".log-row", has_text="fatal: [web2]: no")).to_be_visible(timeout=60_000)
        await expect(page.locator(".log-row")).to_have_count(1)
