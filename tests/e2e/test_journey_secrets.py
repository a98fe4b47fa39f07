"""A key is replaced under those who use it, and a webhook of GitHub starts a template."""

from __future__ import annotations

import hashlib
import hmac
import json
import re

import httpx
import pytest
from playwright.async_api import expect

from hub.models import Event, Integration, Key, Repository, Task
from hub.services import keys
from hub.testing.scene import Scene

from .pictures import picture
from .test_browser_pages import address, browsing

__all__ = ["address"]

pytestmark = [pytest.mark.e2e, pytest.mark.timeout(300)]

PUSH = {
    "ref": "refs/heads/main", "after": "5ab1e" * 8, "repository": {"full_name": "acme/shop"},
    "head_commit": {"message": "Fix the till"},
}  # fmt: skip


async def test_a_person_replaces_a_key_and_whatever_uses_it_keeps_it(stage: Scene, address: str) -> None:
    root = f"{address}/project/{stage.project.id}"
    async with browsing(address) as page:
        await page.goto(f"{root}/keys")
        await page.get_by_role("link", name="Make a key pair").click()
        await page.get_by_label(re.compile("^Name")).fill("Deploy")
        await page.get_by_role("button", name="Make the key pair").click()
        public = page.locator("#public-key")
        await expect(public).to_contain_text("ssh-ed25519")
        first = await public.inner_text()
        key = await Key.get(name="Deploy")
        await Repository.filter(id=stage.repository.id).update(ssh_key_id=key.id)
        await page.goto(f"{root}/keys/{key.id}")
        await expect(page.get_by_role("region", name="Used by")).to_contain_text("Scene")
        await picture(page, "key")

        await page.get_by_role("link", name="Replace", exact=True).click()
        await expect(page.get_by_role("region", name="Used by")).to_contain_text("Scene")
        await picture(page, "key-to-replace")
        await expect(page.get_by_label(re.compile("^Kind"))).to_have_value("ed25519")
        await page.get_by_role("button", name="Replace the secret").click()
        await expect(page.get_by_text("The secret was replaced.")).to_be_visible()
        await expect(public).to_contain_text("ssh-ed25519")
        assert await public.inner_text() != first
        await picture(page, "key-replaced")
    again = await Key.get(id=key.id)
    assert (await Repository.get(id=stage.repository.id)).ssh_key_id == key.id
    assert again.secret_changed is not None
    assert again.secret != key.secret
    assert "PRIVATE KEY" in str(await keys.read_secret(stage.hub, again))
    told = await Event.filter(object_type="key", object_id=key.id).order_by("-id").first()
    assert told is not None
    assert "PRIVATE KEY" not in str((told.description, told.changes))


async def test_a_person_connects_a_webhook_of_github(stage: Scene, address: str) -> None:
    await stage.template("hello.sh", name="Deploy the shop")
    secret = "a-long-secret-that-nobody-guesses"
    async with browsing(address) as page:
        await page.goto(f"{address}/project/{stage.project.id}/integrations")
        await page.get_by_role("link", name="New integration").first.click()
        await page.get_by_label(re.compile("^Name")).fill("Pushes to the shop")
        await page.get_by_label("Who sends").select_option("github")
        await page.get_by_label(re.compile("^New secret")).fill(secret)
        await page.get_by_role("button", name="Create").click()
        hook = page.locator(".secret-box code").first
        await expect(hook).to_contain_text("/api/integrations/")
        await expect(page.get_by_role("heading", name="GitHub")).to_be_visible()
        place = await hook.inner_text()
        await picture(page, "webhook-of-github")
        await page.get_by_role("button", name="Only pushes").click()
        await expect(page.get_by_text("Only pushes start it now.")).to_be_visible()
        await picture(page, "conditions-of-a-webhook")
        await _sent(place, secret, "ping", {"zen": "Keep it logically awesome."})
        await _sent(place, "another secret", "push", PUSH)
        await _sent(place, secret, "push", PUSH)

        await page.get_by_role("link", name="Deliveries").click()
        rows = page.locator("tbody tr")
        await expect(rows).to_have_count(3)
        await expect(rows.first).to_contain_text("push")
        await picture(page, "deliveries")
        await rows.first.get_by_role("link", name=re.compile("#")).first.click()
        await expect(page.locator("[data-task-status=success]")).to_be_visible(timeout=60_000)
    integration = await Integration.get()
    started = await Task.filter(integration_id=integration.id)
    assert len(started) == 1


async def _sent(place: str, secret: str, event: str, body: dict[str, object]) -> None:
    """Send what GitHub would send."""
    text = json.dumps(body).encode()
    proof = hmac.new(secret.encode(), text, hashlib.sha256).hexdigest()
    headers = {"X-GitHub-Event": event, "X-Hub-Signature-256": f"sha256={proof}", "Content-Type": "application/json"}
    async with httpx.AsyncClient() as client:
        await client.post(place, content=text, headers=headers)
