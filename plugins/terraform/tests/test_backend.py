"""Where the state is kept: with the hub when that is asked for, and nowhere that somebody has not named."""

from __future__ import annotations

import pytest
from hub_terraform import backend

from hub.plugin import StateAccess

ACCESS = StateAccess("http://hub/api/terraform/task-41", "task", "sealed-canary-1")
HTTP = 'terraform {\n  backend "http" {}\n}\n'
OWN = 'terraform {\n  backend "http" {\n    address = "https://state.example.org/x"\n  }\n}\n'


@pytest.mark.parametrize(("name", "text", "asks"), [
    ("a.tf", HTTP, True), ("a.tofu", 'terraform { backend "http" { lock_method = "LOCK" } }', True),
    ("a.tf", OWN, False),
    ("a.tf", "# " + HTTP.replace("\n", "\n# "), False), ("a.tf", f"/*\n{HTTP}*/", False),
    ("a.tf", 'terraform {\n  backend "s3" {}\n}\n', False), ("a.txt", HTTP, False),
    ("a.tf.json", '{"terraform": {"backend": {"http": {}}}}', True),
    ("a.tf.json", '{"terraform": [{"backend": [{"http": [{"address": "https://x"}]}]}]}', False),
    ("a.tf.json", "no JSON", False), ("a.tf.json", "[1]", False),
])  # fmt: skip
def test_a_configuration_asks_with_an_http_backend_that_has_no_address(tmp_path, name, text, asks):
    (tmp_path / name).write_text(text)
    assert backend.asks_for_it(tmp_path) is asks


async def test_the_password_is_in_the_environment_alone(bench):
    bench.file("main.tf", HTTP)
    bench.base["TF_HTTP_ADDRESS"] = ""
    outcome = await bench.run(access=ACCESS)
    assert outcome.kind == "failure"  # there is no such hub
    assert bench.io.calls[-1].env["TF_HTTP_LOCK_ADDRESS"] == ACCESS.address
    assert not any(ACCESS.password in word for call in bench.io.calls for word in call.argv)


@pytest.mark.parametrize(
    "elsewhere", [{"base": "https://state.example.org/x"}, {"init": ["-backend-config=address=https://x"]}]
)
async def test_who_names_an_address_keeps_the_state_there(bench, elsewhere):
    bench.file("main.tf", HTTP)
    bench.base |= {"TF_HTTP_ADDRESS": elsewhere["base"]} if "base" in elsewhere else {}
    bench.set(arguments={"init": elsewhere.get("init", [])})
    await bench.run({"override_backend": True}, access=ACCESS)
    assert "TF_HTTP_PASSWORD" not in bench.io.calls[-1].env
    assert bench.io.masks == []


async def test_without_an_inventory_the_hub_has_no_state_to_lend(bench):
    bench.set(inventory=None)
    outcome = await bench.run({"override_backend": True})
    assert outcome.reason.startswith("The state is to be kept with the hub, which keeps one for each inventory")
