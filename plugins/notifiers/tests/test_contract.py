"""Every notifier keeps the contract of its kind."""

from __future__ import annotations

from typing import Any

import pytest
from hub_notifiers import hub_notifiers

from hub.testing import NotifierContract

from .conftest import FAILED

EVERY = {one.name: one for one in hub_notifiers()}
SERVERS = {
    "telegram": {"chat": "-1"}, "gotify": {}, "ntfy": {"topic": "hub"}, "pagerduty": {},
}  # fmt: skip


def test_each_of_them_is_brought_once() -> None:
    assert sorted(EVERY) == [
        "dingtalk", "discord", "email", "gotify", "mattermost", "ntfy", "pagerduty", "rocketchat", "slack", "teams",
        "telegram", "webhook",
    ]  # fmt: skip


class _Contract(NotifierContract):
    def sample(self, port: int) -> tuple[Any, Any]:
        from dataclasses import replace

        secret = {"telegram": "12345:AAsecret"}.get(self.notifier.name, "contract-secret")
        if self.notifier.name == "email":
            given = {"to": ["a@example.com"], "sender": "hub@example.com", "host": "127.0.0.1", "port": port}
            return self.notifier.params_type(**given, password=1), replace(FAILED, secrets={"password": secret})
        members = self.notifier.params_type.model_fields
        secrets = {name: secret for name in ("token", "key", "secret", "authorization") if name in members}
        if "url" in members:
            secrets["url"] = f"http://127.0.0.1:{port}/services/contract-path"
        given = dict(SERVERS.get(self.notifier.name, {})) | dict.fromkeys(secrets, 1)
        if "server" in members:
            given["server"] = f"http://127.0.0.1:{port}"
        return self.notifier.params_type(**given), replace(FAILED, secrets=secrets)


def _class(name: str) -> type:
    return type(f"Test{EVERY[name].title}", (_Contract,), {"notifier": EVERY[name], "__module__": __name__})


for _name in EVERY:
    globals()[f"Test{_name.title()}"] = _class(_name)


@pytest.mark.parametrize("name", sorted(EVERY))
def test_an_error_about_a_secret_address_does_not_repeat_it(name: str) -> None:
    """The contract compares whole secrets; an address is told in part by no error either."""
    import asyncio

    from hub.plugin import PluginError

    contract = globals()[f"Test{name.title()}"]()
    params, notice = contract.sample(1)
    with pytest.raises(PluginError) as raised:
        asyncio.run(EVERY[name].send(params, notice))
    assert "contract" not in str(raised.value)
    assert "AAsecret" not in str(raised.value)
