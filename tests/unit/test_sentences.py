"""Sentences with values, written in English far from any page, are said in the reader's language."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from hub.web import i18n
from hub.web.sentences import Sentences

KNOWN = Sentences({
    "%(text)s: template “%(name)s”.": "%(text)s: шаблон «%(name)s».",
    "Host %(name)s is used by task %(task_id)s.": "Хост %(name)s занят задачей %(task_id)s.",
    "%(sentence)s This task waits for it.": "%(sentence)s Эта задача ждёт его.",
    "%(one)s%(two)s": "%(two)s%(one)s",
    "%(s)ss": "%(s)s с",
    "%(add)s to add, %(less)s to destroy.": "Добавить: %(add)s, удалить: %(less)s.",
})  # fmt: skip


def told(text: str) -> str | None:
    return KNOWN.translate(text, lambda part: KNOWN.translate(part, lambda inner: inner) or part)


@pytest.fixture
def russian() -> Iterator[None]:
    i18n.use("ru")
    yield
    i18n.use(i18n.SOURCE)


def test_values_stay_and_the_words_around_them_are_translated() -> None:
    assert told("Host web1 is used by task 7.") == "Хост web1 занят задачей 7."


def test_a_value_that_is_a_sentence_is_translated_too() -> None:
    assert (
        told("Host web1 is used by task 7. This task waits for it.")
        == "Хост web1 занят задачей 7. Эта задача ждёт его."
    )


def test_a_name_is_no_number_with_its_unit() -> None:
    assert told("Prices") is None


def test_sentences_one_after_the_other_are_each_translated() -> None:
    assert (
        told("Host a is used by task 1. Host b is used by task 2.") == "Хост a занят задачей 1. Хост b занят задачей 2."
    )


def test_a_sentence_may_begin_with_a_number() -> None:
    both = KNOWN.translate(
        "Go on? 2 to add, 0 to destroy.", lambda part: {"Go on?": "Дальше?"}.get(part) or told(part) or part
    )
    assert both == "Дальше? Добавить: 2, удалить: 0."


def test_a_value_may_be_empty_or_hold_what_looks_like_a_place() -> None:
    assert told("Host  is used by task %(name)s.") == "Хост  занят задачей %(name)s."


def test_other_texts_and_very_long_ones_are_nobody_s() -> None:
    assert told("Nothing of the kind") is None
    assert told("Host " + "x" * 5000 + " is used by task 7.") is None


def test_values_are_found_in_one_pass_however_the_text_repeats_itself() -> None:
    text = "It waits for " * 300
    assert Sentences({"It %(a)s for %(b)s for %(c)s for %(d)s.": "x"}).translate(text, str) is None


@pytest.mark.usefixtures("russian")
def test_why_a_task_waits_is_said_in_russian() -> None:
    assert i18n.phrase("It waits for 2 tasks of project Shop, which runs 2 at once.") == (
        "Ждёт задачи проекта Shop: выполняется 2, одновременно разрешено 2."
    )


@pytest.mark.usefixtures("russian")
def test_names_of_things_stay_though_a_page_has_such_a_word() -> None:
    text = "Access Key is in use by one or more templates: template “Deploy”."
    assert i18n.phrase(text).endswith(": шаблон «Deploy».")
    assert "Access Key" not in i18n.phrase(text)


def test_a_language_can_be_named_where_no_page_is_asked_for() -> None:
    assert i18n.phrase_in("ru", "Every worker is being drained.") == "Все воркеры выводятся из работы."
    assert i18n.phrase_in("xx", "Every worker is being drained.") == "Every worker is being drained."
