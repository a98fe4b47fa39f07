"""Forms drawn from typed parameters: a plugin's declaration becomes fields, and what was sent becomes values again."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import ValidationError
from werkzeug.datastructures import MultiDict

from hub.plugin import Params
from hub.web.beside import beside
from hub.web.i18n import gettext as _
from hub.web.i18n import phrase

Sent = MultiDict[str, str]
"""A sent form."""
NO_ID: Final = 2**31 - 1
"""The largest id that a database holds, which none of ours has reached."""


@dataclass(frozen=True, slots=True)
class Option:
    """One entry of a choice."""

    value: str
    title: str
    about: str = ""
    """One line that says what it means."""


@dataclass(frozen=True, slots=True)
class Field:
    """One field, ready to be drawn."""

    name: str
    label: str
    widget: str
    """`line`, `number`, `tick`, `ticks`, `choice`, `text`, `words`, `secret`, `key`, `duration`, `date`, `time`,
    `moment`, `code`, `new_secret` (one that can be made up here) or `note` (a sentence and no field)."""
    value: Any = ""
    help: str = ""
    required: bool = False
    unmarked: bool = False
    """Optional without saying so, where the help says when it may be empty."""
    options: Sequence[Option] = ()
    placeholder: str = ""
    group: str = ""
    error: str = ""
    when: str = ""
    """`field=value,value&other=value`: shown only while each of these fields has one of its values."""
    rows: int = 4
    """Height of a text area."""
    editor: str = ""
    """Of a text area: language of the editor that scripts put there; `yaml`, `json`, `ini`, `shell`, `python`, `hcl` or
    `text`."""
    editor_by: str = ""
    """`field:value=language,value=language`: the language follows a choice of the same form."""
    limits: Mapping[str, Any] = field(default_factory=dict)
    """`min`, `max` and `maxlength`, where declared; `data-unkept` for what the browser is not to keep."""
    usual: Any = None
    """Value that says nothing in particular, beside an empty one, a zero and an empty box."""

    @property
    def telling(self) -> bool:
        """True when nobody should overlook it: something is wrong with it, or is not as usual."""
        if self.usual is not None:
            return bool(self.error) or self.value != self.usual
        return bool(self.error) or self.value not in ("", "0", 0, False, None)

    @property
    def id(self) -> str:
        """Unique on the page."""
        return "f-" + re.sub(r"[^A-Za-z0-9_-]+", "-", self.name)


@dataclass(frozen=True, slots=True)
class Keys:
    """The key store's entries, for fields that name one: (id, name, type)."""

    all: Sequence[tuple[int, str, str]] = ()

    def options(self, kinds: Iterable[str]) -> list[Option]:
        """Return those of the wanted types; all of them when no type is named."""
        wanted = set(kinds)
        return [Option(str(key), name) for key, name, kind in self.all if not wanted or kind in wanted]


def fields_of(
    kind: type[Params], values: Mapping[str, Any], *, prefix: str, keys: Keys | None = None,
    errors: Mapping[str, str] | None = None, when: str = "",
) -> list[Field]:  # fmt: skip
    """Return the fields of a class of params, filled with `values` or the declared defaults."""
    schema = kind.model_json_schema()
    definitions = schema.get("$defs", {})
    required = set(schema.get("required", ()))
    found = []
    for name, described in schema.get("properties", {}).items():
        plain = _plain(described, definitions)
        value = values.get(name, plain.get("default"))
        found.append(
            Field(
                name=f"{prefix}{name}",
                when=_when(when, prefix, plain),
                label=phrase(_label(name, plain)),
                widget=_widget(plain),
                value=_shown(plain, value),
                help=phrase(" ".join(str(plain.get("description", "")).split())),
                required=name in required,
                options=_options(plain, keys or Keys()),
                group=phrase(str(plain.get("x-group", ""))),
                error=(errors or {}).get(name, ""),
                limits=_limits(plain) | ({"data-unkept": "yes"} if plain.get("writeOnly") else {}),
                usual=_shown(plain, plain.get("default")),
            )
        )
    return found


def _when(when: str, prefix: str, plain: Mapping[str, Any]) -> str:
    """Return the conditions of the form and of the field itself."""
    ticked = plain.get("x-while")
    return "&".join(one for one in (when, f"{prefix}{ticked}=true" if ticked else "") if one)


def allowed(kind: type[Params], template_params: Mapping[str, Any]) -> set[str]:
    """Return the per-task fields that a template with these params lets people fill in."""
    properties = kind.model_json_schema().get("properties", {})
    return {name for name, one in properties.items() if not one.get("x-when") or template_params.get(one["x-when"])}


def read(
    kind: type[Params], sent: Sent, *, prefix: str, only: set[str] | None = None
) -> tuple[dict[str, Any], dict[str, str]]:
    """Return (values, errors) of a sent form; fields that were not on the page are left out."""
    schema = kind.model_json_schema()
    definitions = schema.get("$defs", {})
    values: dict[str, Any] = {}
    for name, described in schema.get("properties", {}).items():
        if only is not None and name not in only:
            continue
        plain = _plain(described, definitions)
        given = _value(plain, sent, f"{prefix}{name}")
        if given is not None:
            values[name] = given
    return values, check(kind, values)


def blamed(kind: type[Params]) -> str:
    """Return the member beside which a sentence about a secret as a whole stands: its text, else its first secret."""
    hidden = {name: one for name, one in kind.model_json_schema().get("properties", {}).items() if one.get("writeOnly")}
    return next((name for name, one in hidden.items() if one.get("x-widget") == "text"), next(iter(hidden), ""))


def check(kind: type[Params], values: Mapping[str, Any]) -> dict[str, str]:
    """Return a sentence for each wrong field."""
    try:
        kind.model_validate(values)
    except ValidationError as error:
        faults = error.errors(include_url=False, include_context=False, include_input=False)
        return {str(one["loc"][0]) if one["loc"] else "": beside(one["msg"]) for one in faults}
    return {}


def grouped(fields: Iterable[Field]) -> list[tuple[str, list[Field]]]:
    """Return the fields by heading, those without one first; order is kept otherwise."""
    groups: dict[str, list[Field]] = {"": []}
    for one in fields:
        groups.setdefault(one.group, []).append(one)
    return [(heading, members) for heading, members in groups.items() if members]


def _plain(described: Mapping[str, Any], definitions: Mapping[str, Any]) -> dict[str, Any]:
    """Follow a reference, and take the real half of `X | None`."""
    merged = dict(described)
    if "$ref" in merged:
        merged = {**definitions.get(merged["$ref"].rpartition("/")[2], {}), **merged}
    for alternative in merged.get("anyOf", ()):
        if alternative.get("type") != "null":
            inner = _plain(alternative, definitions)
            merged = {**inner, **{name: value for name, value in merged.items() if name != "anyOf"}}
            merged["x-optional"] = True
            break
    return merged


def _label(name: str, plain: Mapping[str, Any]) -> str:
    title = str(plain.get("title", ""))
    if title and title.replace(" ", "").lower() != name.replace("_", "").lower():
        return title
    words = name.replace("_", " ")
    return words[:1].upper() + words[1:]


_WIDGETS = {"key", "choice", "text", "words", "duration"}


def _widget(plain: Mapping[str, Any]) -> str:
    hint = plain.get("x-widget")
    if hint in _WIDGETS:
        return str(hint)
    if plain.get("enum"):
        return "choice"
    if plain.get("format") == "password":
        return "secret"
    by_type = {"boolean": "tick", "integer": "number", "number": "number", "array": "words"}
    return by_type.get(str(plain.get("type")), "line")


def _options(plain: Mapping[str, Any], keys: Keys) -> list[Option]:
    if _widget(plain) == "key":
        return keys.options(plain.get("x-kinds", ()))
    titles = plain.get("x-titles", {})
    return [Option(str(value), phrase(str(titles.get(value, value)))) for value in plain.get("enum", ())]


def _limits(plain: Mapping[str, Any]) -> dict[str, Any]:
    known = {"minimum": "min", "maximum": "max", "maxLength": "maxlength"}
    return {known[name]: value for name, value in plain.items() if name in known}


def _shown(plain: Mapping[str, Any], value: Any) -> Any:
    widget = _widget(plain)
    if widget == "tick":
        return bool(value)
    if value is None or plain.get("writeOnly"):
        return ""
    if widget == "words" and not isinstance(value, str):
        return "\n".join(str(one) for one in value)
    if widget == "duration":
        return duration_text(value)
    return str(value)


def _value(plain: Mapping[str, Any], sent: Sent, name: str) -> Any:
    widget = _widget(plain)
    if widget == "tick":
        return name in sent
    text = sent.get(name, "")
    if widget == "words":
        words = lines(text)
        return words if words or not plain.get("x-optional") else None
    if not text.strip():
        return None if widget in {"number", "key", "choice", "duration"} else text
    if widget in {"number", "key"}:
        return _number(text)
    return text


def _number(text: str) -> Any:
    try:
        return int(text)
    except ValueError:
        try:
            return float(text)
        except ValueError:
            return text  # refused by the params themselves, with their own sentence


def lines(text: str) -> list[str]:
    """Return the non-empty lines of a text area, without blanks at their ends."""
    return [line.strip() for line in text.splitlines() if line.strip()]


_ISO = re.compile(r"P(?:(\d+)D)?(?:T(?:(\d+)H)?(?:(\d+)M)?(?:(\d+)(?:\.\d+)?S)?)?", re.ASCII)


def duration_text(value: Any) -> str:
    """Return a length of time as people write it: `1h30m`."""
    found = _ISO.fullmatch(value) if isinstance(value, str) else None
    if found:
        d, h, m, s = (int(part or 0) for part in found.groups())
        value = d * 86400 + h * 3600 + m * 60 + s
    if isinstance(value, str):
        return value
    seconds = int(value.total_seconds() if hasattr(value, "total_seconds") else value)
    parts = []
    for unit, size in (("d", 86400), ("h", 3600), ("m", 60), ("s", 1)):
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{unit}")
    return "".join(parts) or "0s"


def whole_number(text: str, default: int = 0) -> int:
    """Return the number that a field holds; `default` for an empty one. Raises `ValueError` with a sentence."""
    if not text.strip():
        return default
    if not re.fullmatch(r"[+-]?\d{1,9}", text.strip(), re.ASCII):
        raise ValueError(_("Write a whole number."))
    return int(text)


def left_empty(fields: Iterable[Field], sent: Sent) -> dict[str, str]:
    """Return a sentence for each field that must not be empty and was; without those that were not shown."""
    return {
        one.name: _("Fill this in.")
        for one in fields
        if one.required and one.name in sent and not sent[one.name].strip() and _shown_with(one.when, sent)
        and not any(option.value == "" for option in one.options)
    }  # fmt: skip


def _shown_with(when: str, sent: Sent) -> bool:
    conditions = (condition.partition("=") for condition in when.split("&") if condition)
    return all(sent.get(name, "") in wanted.split(",") for name, _equals, wanted in conditions)


def label_of(kind: type[Params], name: str) -> str:
    """Return the label of one field."""
    described = kind.model_json_schema().get("properties", {}).get(name, {})
    return phrase(_label(name, described))


def lenient_number(text: str) -> int:
    """Return the id that a choice holds; 0 for none, and one that nothing has for what no choice offers."""
    if text.isascii() and text.isdecimal() and len(text) < 11:
        return int(text)
    return NO_ID if text.strip() else 0


def rows_of(sent: Sent, name: str) -> list[dict[str, str]]:
    """Return the rows `name-<n>-<member>` of a form, in the order in which they were sent."""
    found: dict[str, dict[str, str]] = {}
    for key in sent:
        parts = key.split("-", 2)
        if len(parts) == 3 and parts[0] == name and parts[1].isdecimal():
            found.setdefault(parts[1], {})[parts[2]] = sent[key]
    return list(found.values())
