"""docs/plugins.md tells the truth: its hooks are those that there are, and its examples run."""

import asyncio
import hashlib
import hmac
import inspect
import json
import linecache
import os
import re
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import ModuleType

import pytest
from quart import Quart

import hub
from hub.plugin import (
    ActorView,
    AuthRejected,
    Delivery,
    GateRequest,
    HubEvent,
    Notice,
    PanelRequest,
    PluginError,
    ProjectView,
    Refused,
    ScreenRequest,
    spec,
)
from hub.registry import load
from hub.testing import (
    BlobStoreContract,
    ExecutorContract,
    KeyTypeContract,
    NotifierContract,
    RecordingIO,
    notice,
    task_view,
)
from hub.testing.tools import missing

PAGE = Path(__file__).parents[2] / "docs" / "plugins.md"
CORE = str(Path(hub.__file__).parents[1])
HOOKS = [name for name in vars(spec) if name.startswith("hub_")]
FENCE = re.compile(r'^```(?P<language>\w+)(?: title="(?P<title>[^"]+)")?\n(?P<code>.*?)^```$', re.MULTILINE | re.DOTALL)


@dataclass(frozen=True)
class Example:
    line: int
    title: str
    language: str
    code: str

    @property
    def hooks(self) -> list[str]:
        return re.findall(r"^def (hub_\w+)\(", self.code, re.MULTILINE)

    def run(self) -> ModuleType:
        module = ModuleType("example", "An example of the documentation.")
        exec(compile("\n" * (self.line - 1) + self.code, str(PAGE), "exec"), vars(module))
        self._give_source(module)
        return module

    def _give_source(self, module: ModuleType) -> None:
        """Docstrings of params are read from the source of their class, which a file would have."""
        name, place = f"example_{self.line}", f"<example {self.line}>"
        linecache.cache[place] = (len(self.code), None, self.code.splitlines(keepends=True), place)
        module.__file__, sys.modules[name] = place, module
        for one in vars(module).values():
            if isinstance(one, type) and one.__module__ == module.__name__:
                one.__module__ = name


def examples() -> list[Example]:
    text = PAGE.read_text(encoding="utf-8")
    return [
        Example(text.count("\n", 0, match.start()) + 2, match["title"] or "", match["language"], match["code"])
        for match in FENCE.finditer(text)
    ]


LOOSE = [example for example in examples() if example.language == "python" and not example.title]
TITLED = [example for example in examples() if example.title]


def plugin_with(text: str) -> ModuleType:
    (example,) = [each for each in LOOSE if text in each.code]
    return example.run()


def registry_with(text: str):
    registry = load(builtin=[plugin_with(text)], group="hub-tests-none")
    assert not registry.problems
    return registry


# The page is complete


@pytest.mark.parametrize("name", HOOKS)
def test_every_hook_has_a_heading_with_its_signature(name):
    signature = str(inspect.signature(getattr(spec, name))).replace("'", "")
    headings = re.findall(r"^### `(.+)`$", PAGE.read_text(encoding="utf-8"), re.MULTILINE)
    assert f"{name}{signature}" in headings, f"docs/plugins.md needs the heading: ### `{name}{signature}`"


def test_the_page_names_no_hook_that_is_gone():
    named = set(re.findall(r"^### `(\w+)\(", PAGE.read_text(encoding="utf-8"), re.MULTILINE))
    assert named == set(HOOKS)


def test_every_hook_has_an_example():
    assert {hook for example in examples() for hook in example.hooks} >= set(HOOKS)


def test_the_links_inside_the_page_lead_somewhere():
    text = PAGE.read_text(encoding="utf-8")
    anchors = {
        re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-")
        for title in re.findall(r"^##+ (.+)$", text, re.MULTILINE)
    }
    assert set(re.findall(r"\]\(#([^)]+)\)", text)) <= anchors


# The examples run


@pytest.mark.parametrize("example", LOOSE, ids=lambda example: f"line-{example.line}")
def test_an_example_runs_and_is_a_plugin_without_problems(example):
    module = example.run()
    if not hasattr(module, "HUB_API"):
        return
    registry = load(builtin=[module], group="hub-tests-none")
    assert not registry.problems
    (info,) = registry.plugins
    assert info.state == "on"
    assert set(info.hooks) == set(example.hooks) & set(HOOKS)


def test_the_tutorial_is_a_package_that_installs_is_found_and_passes_its_own_tests(tmp_path):
    source, site = tmp_path / "source", tmp_path / "site"
    for example in TITLED:
        path = source / example.title
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(example.code)
    pip = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index", "--no-deps"]
    installed = run([*pip, "--no-build-isolation", "--target", str(site), str(source)], tmp_path)
    if installed.returncode and ("hatchling" in installed.stderr or "No module named pip" in installed.stderr):
        reason = f"pip with hatchling is needed to install the tutorial: {installed.stderr[-300:]}"
        missing(reason)
    assert installed.returncode == 0, installed.stderr
    listing = "from hub.registry import load; r = load(); print([*r.executors], [p.sentence for p in r.problems])"
    listed = run([sys.executable, "-c", listing], tmp_path, site)
    assert "'make'" in listed.stdout, listed.stdout + listed.stderr
    assert "hub_make" not in listed.stdout.partition("]")[2]
    kit = [
        "-p",
        "no:hub",
        "-p",
        "hub.testing.pytest_plugin",
        "-p",
        "no:cacheprovider",
        "-p",
        "no:asyncio",
        "-W",
        "error",
    ]
    tested = run([sys.executable, "-m", "pytest", "-q", *kit, str(source / "tests")], tmp_path, site)
    assert tested.returncode == 0, tested.stdout + tested.stderr


def run(command: list[str], folder: Path, *paths: Path) -> subprocess.CompletedProcess[str]:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, paths), CORE])}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


class TestMigrate(ExecutorContract):
    executor = registry_with("class Migrate").executors["migrate"]

    def sample(self):
        params = self.executor.params_type()
        return task_view(), params, self.executor.task_params_type()

    def prepare(self, io):
        io.answer("sqitch", "status", output="one change to deploy\n")


class TestHorn(NotifierContract):
    notifier = registry_with("class Horn").notifiers["horn"]

    def sample(self, port):
        params = self.notifier.params_type(address=f"http://127.0.0.1:{port}/", token=1)
        return params, notice(secrets={"token": "hunter2"})


class TestCloud(KeyTypeContract):
    key_type = registry_with("class Cloud").key_types["cloud"]

    def sample(self):
        return self.key_type.params_type(account="main", token="ct-1234")

    async def test_a_token_that_could_never_work_is_refused(self):
        with pytest.raises(Refused):
            await self.key_type.check(self.key_type.params_type(account="main", token="wrong"))


class TestAttic(BlobStoreContract):
    def empty(self, folder):
        store = registry_with("class Attic").blob_stores["attic"]
        return store, store.params_type()


def test_old_params_of_the_pager_are_translated(capsys):
    pager = registry_with("class Pager").notifiers["pager"]
    params = pager.params_type.model_validate(pager.upgrade({"number": "112"}, 1))
    asyncio.run(pager.send(params, notice()))
    assert capsys.readouterr().out == "calling 112: Task 42 of Deploy succeeded.\n"


async def test_the_ways_to_sign_in_work():
    registry = registry_with("class Door")
    door, gatehouse = registry.password_providers["door"], registry.redirect_providers["gatehouse"]
    params = door.params_type()
    assert await door.check(params, "john", "open sesame") is None
    assert (await door.check(params, "jane", "open sesame")).groups == ("guests",)
    with pytest.raises(AuthRejected):
        await door.check(params, "jane", "open barley")
    begun = await gatehouse.begin(None, "https://hub/back")
    assert begun.url == "https://gatehouse.example.org/?back=https%3A%2F%2Fhub%2Fback"
    assert (await gatehouse.finish(None, "https://hub/back", {"name": "jane"}, begun.state)).username == "jane"
    with pytest.raises(AuthRejected):
        await gatehouse.finish(None, "https://hub/back", {"name": "jane"}, {})


async def test_the_shelf_reads_below_its_folder_only(tmp_path):
    shelf = registry_with("class Shelf").secret_backends["shelf"]
    (tmp_path / "shelf").mkdir()
    (tmp_path / "shelf" / "token").write_text("x")
    (tmp_path / "other").write_text("y")
    params = shelf.params_type(folder=tmp_path / "shelf")
    assert await shelf.read(params, "token") == "x"
    for path in ("../other", "none", str(tmp_path / "other")):
        with pytest.raises(Refused):
            await shelf.read(params, path)


async def test_the_rack_is_fetched_through_io(tmp_path):
    rack = registry_with("class Rack").inventory_sources["rack"]
    io = RecordingIO(tmp_path)
    io.answer("rack-cli", output='{"all": {}}')
    fetched = await rack.fetch(rack.params_type(room="b1"), io)
    assert (fetched.text, fetched.format) == ('{"all": {}}', "json")
    assert io.calls[0].argv[-2:] == ("--room", "b1")


async def test_the_forge_proves_itself_and_is_understood():
    forge = registry_with("class Forge").webhook_adapters["forge"]
    body = json.dumps({"ref": "refs/heads/main"}).encode()
    signature = hmac.new(b"secret", body, hashlib.sha256).hexdigest()
    delivery = Delivery({"x-forge-signature": signature, "x-forge-event": "push"}, {}, body)
    assert await forge.verify(None, {"string": "secret"}, delivery)
    assert not await forge.verify(None, {"string": "other"}, delivery)
    assert not await forge.verify(None, {}, Delivery({}, {}, body))
    assert (await forge.parse(None, delivery)).facts == {"branch": "main"}
    for nonsense in (b"", b"[]", b'{"ref": 1}'):
        with pytest.raises(Refused):
            await forge.parse(None, Delivery({}, {}, nonsense))


class Host:
    version = "1.2"
    public_url = "https://hub.example.org"

    def __init__(self, folder: Path, **settings: str) -> None:
        self._folder, self._settings = folder, settings

    def folder(self, plugin: str) -> Path:
        folder = self._folder / plugin
        folder.mkdir(exist_ok=True)
        return folder

    def setting(self, name: str) -> str | None:
        return self._settings.get(name)


async def test_the_pages_answer(tmp_path):
    (pages,) = registry_with("def hub_blueprints").pages(Host(tmp_path))
    app = Quart(__name__)
    app.register_blueprint(pages.item.blueprint, url_prefix=f"/x/{pages.plugin}")
    answer = await app.test_client().get("/x/example/")
    assert await answer.get_json() == {"hub": "1.2", "address": "https://hub.example.org"}


async def test_the_screen_keeps_what_its_form_holds(tmp_path):
    (screen,) = registry_with("def hub_screens").screens(Host(tmp_path))
    asked = ScreenRequest(ActorView(1, "root", admin=True))
    assert await screen.item.load(asked) is None
    assert await screen.item.save(asked, screen.item.form(hourly=2)) == "The prices count from now on."
    assert (await screen.item.load(asked)).hourly == 2
    with pytest.raises(PluginError, match="three letters"):
        await screen.item.save(asked, screen.item.form(currency="€"))


async def test_links_panels_and_commands_answer(capsys):
    jane, root = ActorView(1, "<jane>", admin=False), ActorView(2, "root", admin=True)
    registry = registry_with("coins")
    assert [link.item.path for link in registry.nav(root, ProjectView(7, "Demo", 15))] == ["project/7"]
    assert registry.nav(jane, ProjectView(7, "Demo", 15)) == registry.nav(root, None) == []
    (box,) = registry_with("def hub_panels").panels("dashboard")
    assert await box.item.render(PanelRequest("dashboard", jane)) == "<p>Good day, &lt;jane&gt;.</p>"
    (verb,) = registry_with("def hub_commands").commands()
    assert (verb.item.name, verb.item.run(["a", "b"])) == ("count", 0)
    assert capsys.readouterr().out == "2 words\n"


async def test_the_freeze_refuses_all_but_hotfixes_and_keeps_a_journal(tmp_path):
    registry = registry_with("CHANGE_FREEZE")
    registry.startup(Host(tmp_path, HUB_CHANGE_FREEZE="Monday"))
    request = GateRequest(1, 2, "Deploy", "shell", "jane", 3, branch="main")
    assert (await registry.gate(request)).startswith("Changes are frozen until Monday")
    assert await registry.gate(GateRequest(1, 2, "Deploy", "shell", "jane", 3, branch="hotfix/1")) is None
    await registry.publish(
        HubEvent("task.finished", datetime(2026, 1, 2, tzinfo=UTC), object_id=9, data={"status": "error"})
    )
    registry.shutdown(None)
    assert not registry.problems
    assert (tmp_path / "freeze" / "journal.txt").read_text() == "2026-01-02T00:00:00+00:00 9 error\n"


def test_a_notice_does_not_show_its_secrets():
    assert "hunter2" not in repr(Notice("e", "s", 1, "p", secrets={"token": "hunter2"}))
