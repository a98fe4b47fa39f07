"""The demo project over the API."""

from __future__ import annotations

import shutil


async def test_a_demo_project_comes_with_templates_views_and_a_repository(admin):
    made = await admin.made("/projects", {"name": "Try", "demo": True})
    assert made["name"] == "Try"
    at = f"/project/{made['id']}"
    templates = await admin.read(f"{at}/templates")
    assert {one["name"] for one in templates} == {
        "Ping localhost (Ansible)", "Print system info (Bash)", "Greet (Python)", "Build demo app", "Deploy demo app",
        *(["Apply infrastructure"] if shutil.which("terraform") or shutil.which("tofu") else []),
    }  # fmt: skip
    assert [one["title"] for one in await admin.read(f"{at}/views")] == ["All", "Build", "Deploy", "Tools"]
    (repository,) = await admin.read(f"{at}/repositories")
    assert repository["git_url"].startswith("/")
    build, deploy = (next(one for one in templates if one.get("type") == kind) for kind in ("build", "deploy"))
    assert (build["start_version"], deploy["build_template_id"]) == ("1.0.0", build["id"])
