"""Examples of bodies and answers; a test reads each with its draft or its shape."""

from __future__ import annotations

from typing import Any

_MOMENT = "2026-03-01T08:30:00Z"

EXAMPLES: dict[str, Any] = {
    "LoginDraft": {"auth": "jane", "password": "correct horse battery staple"},
    "ProjectDraft": {"name": "Web shop", "max_parallel_tasks": 4},
    "KeyDraft": {"name": "deploy", "type": "ssh", "ssh": {"login": "deploy", "private_key": "-----BEGIN OPENSSH …"}},
    "RepositoryDraft": {
        "name": "Playbooks", "git_url": "https://git.example.org/ops/playbooks.git", "git_branch": "main",
        "ssh_key_id": 1,
    },
    "InventoryDraft": {"name": "Production", "type": "static", "inventory": "[web]\nweb1.example.org\n"},
    "EnvironmentDraft": {"name": "Production", "json": '{"colour": "blue"}', "env": '{"REGION": "eu-1"}'},
    "TemplateDraft": {
        "name": "Deploy", "app": "ansible", "playbook": "deploy.yml", "repository_id": 1, "inventory_id": 1,
        "environment_id": 1,
        "survey_vars": [{"name": "version", "title": "Version", "required": True}],
    },
    "TaskDraft": {"template_id": 1, "message": "Hotfix for #42", "environment": '{"version": "1.4.2"}'},
    "StopDraft": {"force": False},
    "ScheduleDraft": {"name": "Every night", "template_id": 1, "cron_format": "0 3 * * *", "active": True},
    "IntegrationDraft": {"name": "Push to main", "template_id": 1, "auth_method": "github", "auth_secret_id": 3},
    "UserDraft": {"username": "jane", "name": "Jane Doe", "email": "jane@example.org", "password": "a long passphrase"},
    "Error": {"error": "There is no such template in this project."},
    "Project": {"id": 1, "name": "Web shop", "created": _MOMENT, "type": "", "max_parallel_tasks": 4},
    "Task": {
        "id": 17, "template_id": 1, "project_id": 1, "status": "success", "playbook": "", "user_id": 2,
        "created": _MOMENT, "start": "2026-03-01T08:30:01Z", "end": "2026-03-01T08:31:40Z", "message": "Hotfix for #42",
        "environment": '{"version": "1.4.2"}', "commit_hash": "8d3c1f6f2c0a4e1b9a7d5e3f1c2b4a6978d0e1f2",
        "commit_message": "Pin the version", "exit_code": 0, "limit": "",
    },
    "LogLines": {
        "first": 0, "total": 1, "lines": [{"n": 0, "t": _MOMENT, "s": "PLAY [web] ****"}], "place": "database",
        "style": "",
    },
    "Repository": {
        "id": 1, "name": "Playbooks", "project_id": 1, "git_url": "https://git.example.org/ops/playbooks.git",
        "git_branch": "main", "ssh_key_id": 1,
    },
}  # fmt: skip
