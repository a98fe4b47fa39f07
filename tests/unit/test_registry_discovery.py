"""Real packages, installed by pip: one good, the others broken in every way that plugins are."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

import hub
from hub.testing.tools import missing

PACKAGES = Path(__file__).parents[1] / "plugins_broken"
CORE = str(Path(hub.__file__).parents[1])

LIST = """
import json, sys
from hub.registry import load

registry = load(off=sys.argv[1:])
print(json.dumps({
    "executors": {name: executor.title for name, executor in registry.executors.items()},
    "notifiers": list(registry.notifiers),
    "problems": [problem.sentence for problem in registry.problems if not problem.plugin],
    "plugins": {
        info.name: {
            "distribution": info.distribution, "version": info.version, "summary": info.summary,
            "state": info.state, "reason": info.reason, "hooks": info.hooks,
            "offers": dict(info.offers), "problems": [problem.sentence for problem in info.problems],
        }
        for info in registry.plugins
    },
    "imported": sorted(name for name in sys.modules if name.startswith("hub_sample")),
}))
"""


def discovered(*folders: Path, off: tuple[str, ...] = ()) -> dict:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([*map(str, folders), CORE])}
    command = [sys.executable, "-P", "-W", "error", "-c", LIST, *off]
    run = subprocess.run(command, env=environment, cwd=folders[0], capture_output=True, text=True, check=False)
    assert run.returncode == 0, run.stderr
    return json.loads(run.stdout)


def install(target: Path, *packages: str) -> None:
    command = [sys.executable, "-m", "pip", "install", "--quiet", "--disable-pip-version-check", "--no-index"]
    command += ["--no-deps", "--no-build-isolation", "--target", str(target)]
    run = subprocess.run([*command, *packages], capture_output=True, text=True, check=False)
    if run.returncode and ("hatchling" in run.stderr or "No module named pip" in run.stderr):
        reason = f"pip with hatchling is needed to install the packages of this test: {run.stderr[-300:]}"
        missing(reason)
    assert run.returncode == 0, run.stderr


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    sources = tmp_path_factory.mktemp("sources") / "packages"
    # Built from a copy, so that a build leaves nothing behind in the repository.
    shutil.copytree(PACKAGES, sources)
    install(folder, *map(str, sorted(sources.iterdir())))
    return folder


@pytest.fixture(scope="module")
def found(site):
    return discovered(site, off=("Hub_Sample.Unwanted", "never-heard-of"))


def test_a_good_plugin_is_on_and_shows_where_it_comes_from(found):
    assert found["plugins"]["good"] == {
        "distribution": "hub-sample-good",
        "version": "1.2.3",
        "summary": "Says hello.",
        "state": "on",
        "reason": "",
        "hooks": ["hub_executors", "hub_notifiers"],
        "offers": {"executors": ["hello"], "notifiers": ["paper"]},
        "problems": [],
    }


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("import-error", "It could not be imported: ModuleNotFoundError: No module named 'a_module_that_nobody_has'"),
        ("exits", "It could not be imported: SystemExit: the licence has expired"),
        ("syntax", "It could not be imported: SyntaxError: "),
        ("future", "It speaks plugin API 99 and this hub speaks 1; install a version made for this hub."),
        ("mute", "It does not say which plugin API it speaks; put HUB_API = 1 into hub_sample_mute."),
        ("misspelt", "It implements hub_executers, which is no hook of this hub; did you mean hub_executors?"),
        ("arguments", "One of its hooks does not fit: hookimpl definition: hub_event(happening) Argument(s)"),
    ],
)
def test_a_plugin_that_does_not_fit_is_off_with_a_sentence(found, name, sentence):
    plugin = found["plugins"][name]
    assert plugin["state"] == "off"
    assert plugin["reason"].startswith(sentence)
    assert plugin["problems"] == [plugin["reason"]]
    assert plugin["offers"] == {}


def test_the_first_by_distribution_keeps_a_name_and_both_are_named(found):
    assert found["executors"]["hello"] == "Hello"
    assert found["executors"]["bye"] == "Bye"
    second = found["plugins"]["second"]
    assert second["state"] == "on"
    assert second["offers"] == {"executors": ["bye"]}
    (sentence,) = second["problems"]
    assert sentence == (
        "The executor hello is refused: both hub-sample-good 1.2.3 and hub-sample-second 0.1 bring one of that name, "
        "and hub-sample-good keeps it."
    )


def test_a_hook_that_raises_costs_only_itself(found):
    raising = found["plugins"]["raising"]
    assert raising["offers"] == {"executors": ["works"]}
    assert raising["problems"] == [
        "Its hub_notifiers failed, so it brings none of these: LookupError: the list of channels is gone"
    ]
    assert "paper" in found["notifiers"]


def test_an_extension_with_foreign_params_is_refused_alone(found):
    assert found["plugins"]["params"]["offers"] == {"executors": ["right"]}
    assert found["plugins"]["params"]["problems"] == [
        "The executor wrong needs a params_type that is a class derived from hub.plugin.Params."
    ]


def test_a_plugin_turned_off_is_listed_and_never_imported(found):
    unwanted = found["plugins"]["unwanted"]
    assert (unwanted["state"], unwanted["problems"]) == ("off", [])
    assert unwanted["reason"] == "Turned off by the setting HUB_PLUGINS_OFF."
    assert "hub_sample_unwanted" not in found["imported"]


def test_a_setting_that_names_no_plugin_is_told(found):
    assert found["problems"] == ["HUB_PLUGINS_OFF names never-heard-of, but no plugin of that name is installed."]


def test_broken_metadata_of_one_package_hides_no_other(site, tmp_path):
    shutil.copytree(site, tmp_path, dirs_exist_ok=True)
    torn = tmp_path / "aaa_torn-1.0.dist-info"
    torn.mkdir()
    (torn / "METADATA").write_text("")
    (torn / "entry_points.txt").write_text("[hub]\ntorn = hub_torn\n")
    found = discovered(tmp_path)
    assert found["plugins"]["good"]["state"] == "on"
    (sentence,) = found["problems"]
    assert sentence.startswith(f"The metadata of {torn} cannot be read, so its plugin is off: ")


def test_the_first_of_two_copies_on_the_path_counts(site, tmp_path):
    older = tmp_path / "hub_sample_good-0.9.dist-info"
    older.mkdir()
    (older / "METADATA").write_text("Metadata-Version: 2.1\nName: hub_sample.good\nVersion: 0.9\n")
    (older / "entry_points.txt").write_text("[hub]\ngood = hub_sample_good\n")
    found = discovered(site, tmp_path)
    assert found["plugins"]["good"]["version"] == "1.2.3"
    assert found["plugins"]["good"]["state"] == "on"
