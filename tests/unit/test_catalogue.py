"""Every string that people read exists in every language."""

from __future__ import annotations

import importlib.util
import re
import tomllib
from pathlib import Path

import pytest
from babel.messages.catalog import Catalog
from babel.messages.pofile import read_po

from hub import builtin, registry
from hub.plugin import Extension, Params
from hub.web import i18n
from hub.web.forms import fields_of

ROOT = Path(__file__).resolve().parents[2]
OTHERS = [language for language in i18n.LANGUAGES if language != i18n.SOURCE]
FIELD = re.compile(r"%\((\w+)\)s")


def sources() -> Catalog:
    spec = importlib.util.spec_from_file_location("build_assets", ROOT / "build_assets.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module.extract()


@pytest.fixture(scope="module")
def extracted() -> Catalog:
    return sources()


def catalogue(language: str) -> Catalog:
    path = ROOT / f"hub/locales/{language}/LC_MESSAGES/hub.po"
    with path.open("rb") as file:
        return read_po(file, locale=language)


@pytest.mark.parametrize("language", OTHERS)
def test_every_string_is_translated(extracted: Catalog, language: str) -> None:
    known = catalogue(language)
    missing = [message.id for message in extracted if message.id and not _done(known, message.id)]
    assert not missing, "run `python build_assets.py --messages` and translate"


@pytest.mark.parametrize("language", OTHERS)
def test_a_catalogue_holds_nothing_that_is_no_longer_said(extracted: Catalog, language: str) -> None:
    said = {_key(message.id) for message in extracted}
    stale = [message.id for message in catalogue(language) if message.id and _key(message.id) not in said]
    assert not stale, "run `python build_assets.py --messages`"


@pytest.mark.parametrize("language", OTHERS)
def test_translations_fill_in_the_same_values(language: str) -> None:
    wrong = []
    for message in catalogue(language):
        wanted = {name for text in _texts(message.id) for name in FIELD.findall(text)}
        wrong += [message.id for text in _texts(message.string) if message.id and set(FIELD.findall(text)) != wanted]
    assert not wrong


def test_russian_counts_in_three_forms() -> None:
    i18n.use("ru")
    try:
        said = [
            i18n.ngettext("%(n)s task is being stopped.", "%(n)s tasks are being stopped.", n) for n in (1, 3, 5, 21)
        ]
    finally:
        i18n.use(i18n.SOURCE)
    assert said == [
        "1 задача останавливается.", "3 задачи останавливаются.", "5 задач останавливается.",
        "21 задача останавливается.",
    ]  # fmt: skip


def test_the_words_of_our_own_plugins_are_translated() -> None:
    """Their params are drawn as forms, so their labels and help texts are strings of pages too."""
    found = registry.load(off=(), builtin=builtin.MODULES)
    kinds: list[type[Params]] = []
    titles: list[str] = []
    for kind in (found.executors, found.key_types, found.secret_backends, found.inventory_sources, found.notifiers):
        for extension in kind.values():
            assert isinstance(extension, Extension)
            if extension.name not in found.secret_backends:  # those are set in hub.toml, not on a page
                kinds.append(extension.params_type)
            titles.append(extension.title)
    kinds += [executor.task_params_type for executor in found.executors.values()]
    # Names of products are the same everywhere.
    names = {"Ansible", "Bash", "DingTalk", "Discord", "Gotify", "INI", "JSON", "Mattermost", "Microsoft Teams",
             "Node.js", "OpenTofu", "PATCH", "POST", "PUT", "PagerDuty", "PowerShell", "Pulumi", "Python",
             "Rocket.Chat", "STARTTLS", "Slack", "Telegram", "Terraform", "Terragrunt", "YAML", "ntfy"}  # fmt: skip
    said = {title for title in titles if title not in names}
    for kind in kinds:
        for field in fields_of(kind, {}, prefix=""):
            said |= {field.label, field.help, field.group, *(option.title for option in field.options)} - {""}
    own = [tomllib.loads(one.read_text("utf-8")) for one in sorted(ROOT.glob("plugins/*/pyproject.toml"))]
    said |= {one["project"]["description"] for one in own}
    said |= {str(module.__doc__).partition("\n")[0] for module in builtin.MODULES}
    known = catalogue("ru")
    assert not sorted(text for text in said - names if not _done(known, text))


@pytest.mark.parametrize(
    ("cookie", "user", "accept", "language"),
    [
        (None, None, None, "en"),
        (None, None, "ru-RU,ru;q=0.9,en;q=0.8", "ru"),
        (None, None, "de-DE,de;q=0.9", "en"),
        (None, None, "de;q=0.9, ru;q=0.3", "ru"),
        (None, "ru", "en", "ru"),
        ("en", "ru", "ru", "en"),
        ("xx", None, "ru", "ru"),
        (None, None, "ru;q=nonsense, en", "en"),
    ],
)
def test_the_cookie_wins_over_the_account_and_the_account_over_the_browser(
    cookie: str | None, user: str | None, accept: str | None, language: str
) -> None:
    assert i18n.choose(cookie=cookie, user=user, accept=accept) == language


def test_json_for_scripts_cannot_end_its_element() -> None:
    assert "<" not in i18n.as_json({"text": "</script><script>alert(1)</script>"})


def _key(message: str | tuple[str, ...]) -> str:
    return message if isinstance(message, str) else message[0]


def _texts(message: str | tuple[str, ...] | list[str]) -> list[str]:
    return [message] if isinstance(message, str) else list(message)


def _done(known: Catalog, message: str | tuple[str, ...]) -> bool:
    found = known.get(_key(message))
    return found is not None and not found.fuzzy and all(_texts(found.string))
