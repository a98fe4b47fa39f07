"""What is wrong with a text that somebody writes: which line, and nothing said of what is right."""

from __future__ import annotations

import pytest

from hub.services import texts

RIGHT = [
    ("yaml", "all:\n  hosts:\n    web1: {ansible_host: &a 10.0.0.1}\n    web2: {ansible_host: *a}\n"),
    ("yaml", "secret: !vault |\n  $ANSIBLE_VAULT;1.1\n  6162\n"),
    ("yaml", " \n"),
    ("json", '{"release": "stable", "n": [1, 2.5e3, null, true]}'),
    ("json", ""),
    ("ini", "; hosts\nweb1 ansible_host=10.0.0.1 # the first\n[web]\nweb[01:20].example.com note='two words'\n"),
    ("ini", "[web:vars]\nntp=a b c\nquote=it's\n[all:children]\nweb  # all\n[db] # later\n"),
    ("ini", "# written as YAML, which Ansible takes as well\nall:\n  hosts:\n    web1:\n"),
    ("ini", '{"all": {"hosts": {"web1": null}}}'),
]
WRONG = [
    ("yaml", "a: 1\nb: c: d\n", 2, texts.NO_YAML),
    ("yaml", "a: 1\nb: *nobody\n", 2, texts.NO_YAML),
    ("yaml", "ok: 1\nbell: \x07\n", 2, texts.NO_YAML),
    ("json", '{"a": 1,\n}', 2, texts.NO_JSON),
    ("json", '{"a": 1,\n "b": NaN}', 2, texts.NO_JSON),
    ("json", "[" * 100_000, 1, texts.NO_JSON),
    ("ini", "[web\nweb1\n", 1, texts.GROUP),
    ("ini", "[web]\nweb1\n[web:var]\n", 3, texts.AFTER_GROUP),
    ("ini", "[web:vars]\nntp\n", 2, texts.NO_VARIABLE),
    ("ini", "web1 note='two words\n", 1, texts.UNQUOTED),
    ("ini", "[a:children]\n\nb c\n", 3, texts.CROWDED),
    ("ini", "web1 web2\n", 1, texts.AFTER_HOST),
    ("ini", "all:\n  hosts: [\n", 3, texts.NO_YAML),
]


@pytest.mark.parametrize(("kind", "text"), RIGHT)
def test_a_right_text_has_no_faults(kind: str, text: str) -> None:
    assert texts.faults(kind, text) == []


@pytest.mark.parametrize(("kind", "text", "line", "sentence"), WRONG)
def test_the_first_fault_tells_its_line_and_reason(kind: str, text: str, line: int, sentence: str) -> None:
    first = texts.faults(kind, text)[0]
    assert (first.line, first.text) == (line, sentence)


def test_depth_and_aliases_cost_nothing() -> None:
    assert texts.faults("yaml", "[" * 200 + "]" * 200) == []
    (deep,) = texts.faults("yaml", "[" * 1_000_000)
    assert (deep.line, deep.column, deep.detail) == (1, 201, "it is nested too deeply")
    bomb = "a: &a [x]\n" + "".join(f"{n}: &n{n} [*{'a' if n == 0 else f'n{n - 1}'}, *a]\n" for n in range(200))
    assert texts.faults("yaml", bomb) == []
