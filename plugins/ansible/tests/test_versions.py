"""Templates with an ansible-core, packages and collections of their own.

The ansible-core that is installed here is a stand-in: a tiny wheel of that name whose programs tell their version and
then start the real Ansible that these tests are run with.
"""

from __future__ import annotations

import asyncio
import subprocess
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from hub_ansible.params import AnsibleParams
from hub_ansible.unfit import Unfit
from hub_ansible.versions import requirements_of, specifier

from hub.plugin import Completed
from hub.testing import Call, RunningIO
from hub.testing.galaxy_server import TOKEN, galaxy_server
from hub.testing.wheels import make_wheel

BIN = Path(sys.executable).parent
STAND_IN = """
import os, sys

def start(name):
    if sys.argv[1:] == ["--version"]:
        print(f"{name} [core VERSION]")
    else:
        print(f"{name} of the stand-in VERSION in {sys.prefix}", flush=True)
        os.execv(f"BIN/{name}", [name, *sys.argv[1:]])

def playbook():
    start("ansible-playbook")

def galaxy():
    start("ansible-galaxy")
"""
PROGRAMS = {"ansible-playbook": "stand_in:playbook", "ansible-galaxy": "stand_in:galaxy"}


@pytest.fixture
def shop(bench: Any, tmp_path: Path) -> Any:
    """A bench that can install two versions of the stand-in, and the package `till`."""
    for version in ("2.16.99", "2.18.99"):
        text = STAND_IN.replace("VERSION", version).replace("BIN", str(BIN))
        make_wheel(tmp_path / "wheels", "ansible-core", version, modules={"stand_in.py": text}, programs=PROGRAMS)
    make_wheel(tmp_path / "wheels", "till", "1.0", modules={"till.py": "TILL = 3\n"})
    bench.io.base |= {"PIP_NO_INDEX": "1", "PIP_FIND_LINKS": str(tmp_path / "wheels")}
    return bench


def collection(root: Path, meta: str = "requirements.txt", text: str = "till\n") -> Path:
    home = root / "ansible_collections/shop/till"
    for name, content in {meta: text, "roles/ring/tasks/main.yml": "- debug: {msg: rang 1}\n"}.items():
        (home / name).parent.mkdir(parents=True, exist_ok=True)
        (home / name).write_text(content)
    return home


async def test_two_versions_stand_side_by_side_each_with_all_its_programs(shop: Any) -> None:
    """Roles installed with the one are not those of the other."""
    shop.file("roles/requirements.yml", "- {src: https://one.example/none, name: none}\n")
    one = shop
    two = type(shop)(RunningIO(shop.io.folder, base=shop.io.base), shop.task)
    two.io.workspace = shop.io.folder / "w2"
    two.io.workspace.mkdir(mode=0o700)
    ends = await asyncio.gather(
        one.run({"ansible_version": "2.16.*"}, skip_galaxy_install=True), two.run({"ansible_version": ">=2.17,<2.19"})
    )
    assert [end.kind for end in ends] == ["success", "failure"]
    assert "ansible-playbook of the stand-in 2.16.99" in one.io.output
    assert "on h1" in one.io.output
    assert one.io.stages == ["dependencies", "play", "recap"]
    assert "ansible_hosts" in [kind for kind, _ in one.io.results], "our callback plugin runs with it"
    assert "ansible-galaxy of the stand-in 2.18.99" in two.io.output
    assert ends[1].reason.startswith("Installing the roles of roles/requirements.yml failed")
    assert len([path for path in shop.io.cache.iterdir() if path.name.startswith("python-")]) == 2
    path = one.playbook_call.env["PATH"].split(":")
    assert path[0] == str(Path(one.playbook_call.argv[0]).parent)


async def test_what_a_collection_needs_is_installed_beside_ansible(shop: Any) -> None:
    """Of the checkout or installed; with the version that the template names, else with the worker's own."""
    collection(shop.root / "collections")
    shop.file("site.yml", "- hosts: h1\n  gather_facts: false\n  roles: [shop.till.ring]\n")
    outcome = await shop.run({"ansible_version": "2.18.99", "collection_requirements": True})
    assert outcome.kind == "success", shop.io.output
    assert "rang 1" in shop.io.output
    python = Path(shop.playbook_call.argv[0]).with_name("python")
    told = await asyncio.to_thread(subprocess.run, [python, "-c", "import till, stand_in; print(till.TILL)"],
                                   capture_output=True, text=True, check=True)  # fmt: skip
    assert told.stdout == "3\n"
    assert shop.io.lines[-1] == "Installing the Python packages of shop.till/requirements.txt, ansible-core==2.18.99."


async def test_without_a_version_the_workers_own_is_what_stands_beside_further_packages(shop: Any) -> None:
    """Here that is not in the index, and pip says so."""
    shop.file("requirements.txt", "till\n")
    with pytest.raises(Exception, match=r"Installing the Python packages of requirements.txt, ansible-core==2\.\d+"):
        await shop.run({"ansible_requirements": "requirements.txt"})
    assert "No matching distribution found for ansible-core==" in shop.io.output
    shop.file("requirements.txt", "-r more.txt\n")
    shop.file("more.txt", "ansible-core<2.17\n")
    outcome = await shop.run({"ansible_requirements": "requirements.txt"}, skip_galaxy_install=True)
    assert outcome.kind == "success", shop.io.output
    assert "of the stand-in 2.16.99" in shop.io.output


async def test_packages_without_ansible_are_told(shop: Any, tmp_path: Path) -> None:
    make_wheel(tmp_path / "wheels", "ansible", "1.0", modules={"nothing.py": ""})
    outcome = await shop.run({"ansible_packages": ["ansible"]})
    assert outcome.reason == "The packages of this template hold no Ansible. Choose a version of ansible-core."


@pytest.mark.parametrize(
    ("meta", "text", "expected"),
    [
        ("requirements.txt", "till", ["shop.till/requirements.txt"]),
        ("meta/execution-environment.yml", "dependencies: {python: meta/ee.txt}", ["shop.till/meta/ee.txt"]),
        ("meta/execution-environment.yml", "dependencies: {python: [till, drawer]}", ["till", "drawer"]),
        ("meta/execution-environment.yaml", "version: 3", []),
        ("README.md", "till", []),
    ],
)
def test_how_a_collection_says_what_it_needs(tmp_path: Path, meta: str, text: str, expected: list[str]) -> None:
    collection(tmp_path / "first", meta, text)
    collection(tmp_path / "hidden", "requirements.txt", "other")
    files, packages = requirements_of([tmp_path / "first", tmp_path / "hidden"])
    assert [file.name for file in files] + packages == expected
    assert [file.file for file in files] == [tmp_path / "first/ansible_collections/shop/till" / file.name[10:]
                                             for file in files]  # fmt: skip


@pytest.mark.parametrize("text", ["[", "dependencies: {python: {a: 1}}", "- x", "dependencies: x"])
def test_a_collection_that_cannot_be_read_is_named(tmp_path: Path, text: str) -> None:
    collection(tmp_path, "meta/execution-environment.yml", text)
    with pytest.raises(Unfit, match=r"The collection shop\.till does not say"):
        requirements_of([tmp_path])


@pytest.mark.parametrize(
    ("version", "expected"),
    [("2.17.*", "==2.17.*"), ("2.17", "==2.17"), ("~=2.17.0", "~=2.17.0"), (" >=2.16 , <2.18 ", ">=2.16,<2.18"),
     ("2.19.0b1", "==2.19.0b1"), ("2.17.5.post1", "==2.17.5.post1")],
)  # fmt: skip
def test_versions_are_written_as_people_do(version: str, expected: str) -> None:
    assert specifier(AnsibleParams(ansible_version=version).ansible_version) == expected


@pytest.mark.parametrize("version", ["latest", "2.17;x", "@ file:///x", "-r x", "2.1\n2.2", "==", "2.1,2.2", ",2"])
def test_what_is_no_version_is_refused(version: str) -> None:
    with pytest.raises(ValueError, match=r"write a version such as 2\.17\.5"):
        AnsibleParams(ansible_version=version)


# A Galaxy server of the template


@pytest.mark.parametrize(
    "address", ["galaxy.example.org", "file:///srv", "https://", "https://bot:pw@galaxy.example.org/", "http://a\nb"]
)
def test_a_galaxy_server_has_an_address_without_a_login(address: str) -> None:
    with pytest.raises(ValueError, match=r"write a whole address|leave the login out"):
        AnsibleParams(galaxy_server=address)


@dataclass(slots=True)
class Told(RunningIO):
    """Runs nothing, and answers as it was told."""

    code: int = 0
    version: str = ""

    async def _really(self, call: Call) -> Completed:
        self.calls.append(call)
        return Completed(self.code, self.version)


async def test_collections_come_from_the_templates_server_with_its_token(bench: Any, tmp_path: Path) -> None:
    """The token is in no command line, no log and no name of a folder; another token installs nothing anew."""
    home = collection(tmp_path)
    (home / "README.md").write_text("Till\n")
    (home / "galaxy.yml").write_text("namespace: shop\nname: till\nversion: 1.0.0\nreadme: README.md\nauthors: [x]\n")
    build = [str(BIN / "ansible-galaxy"), "collection", "build", "--output-path", str(tmp_path)]
    env = {"PATH": "/usr/bin:/bin", "HOME": str(tmp_path), "LANG": "C.UTF-8"}
    await asyncio.to_thread(subprocess.run, build, cwd=home, env=env, check=True, capture_output=True)
    bench.file("collections/requirements.yml", "collections: [{name: shop.till, version: 1.0.0}]\n")
    bench.file("site.yml", "- hosts: h1\n  gather_facts: false\n  roles: [shop.till.ring]\n")
    with galaxy_server(tmp_path / "shop-till-1.0.0.tar.gz") as server:
        params = {"galaxy_server": server.address, "galaxy_server_token": bench.key(8, secret=f"{TOKEN}\n")}
        assert (await bench.run(params)).kind == "success", bench.io.output
    assert "rang 1" in bench.io.output
    assert server.asked[-1] == ("/api/galaxy/till.tar.gz", f"Token {TOKEN}")
    assert TOKEN not in bench.io.output
    assert TOKEN not in str([call.argv for call in bench.calls])
    assert "ANSIBLE_GALAXY_SERVER_HUB_TEMPLATE_TOKEN" not in bench.playbook_call.env
    bench.io.keys = {**bench.io.keys, 8: {"secret": "renewed"}}
    told = await bench.io.capture(str(BIN / "ansible-galaxy"), "--version")
    bench.io = Told(bench.io.folder / "again", base=bench.io.base, keys=bench.io.keys, version=told.output)
    bench.io.cache = bench.io.folder.parent / "cache"
    assert (await bench.run(params)).kind == "success"
    assert [Path(call.argv[0]).name for call in bench.calls] == ["ansible-playbook"], "the server is not asked again"


async def test_a_templates_server_is_asked_before_those_that_are_configured(bench: Any) -> None:
    bench.file("collections/requirements.yml", "collections: [shop.till]\n")
    bench.file("ansible.cfg", "[galaxy]\nserver_list = first, second\n")
    params = {"galaxy_server": "https://one.example/", "galaxy_public": True, "galaxy_auth_url": "https://sso.example/"}

    bench.io = Told(bench.io.folder, base=bench.io.base, code=9)
    await bench.run(params)
    bench.io.base["ANSIBLE_GALAXY_SERVER_LIST"] = "third"
    await bench.run(params | {"galaxy_public": False})
    envs = [call.env for call in bench.calls]
    named = [
        {name[22:]: value for name, value in env.items() if name.startswith("ANSIBLE_GALAXY_SERVER")} for env in envs
    ]
    assert named[0] == {
        "LIST": "hub_template,first,second,hub_public",
        "HUB_TEMPLATE_URL": "https://one.example/",
        "HUB_TEMPLATE_AUTH_URL": "https://sso.example/",
        "HUB_PUBLIC_URL": "https://galaxy.ansible.com/",
    }
    assert named[1]["LIST"] == "hub_template,third"
