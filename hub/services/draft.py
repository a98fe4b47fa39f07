"""What people send in: the wire's rules for JSON bodies, shared by the API, pages and the command line.

Facts of the wire (its Go decoder): unknown members are ignored, member names match in any case, `null` leaves a member
at its default, a wrong type is refused.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from math import isfinite
from typing import Any, Self

from pydantic import BaseModel, ConfigDict, PrivateAttr, ValidationError, model_validator

from hub.errors import Invalid

MAX_ID = 2**31 - 1
"""Ids are 32-bit integers in every database."""

DEEPEST = 64
"""Levels of lists and objects within a body; what is nested deeper could be stored, but not be sent out again."""

_LARGEST = 2**63 - 1
_UNFIT = re.compile(r"[\x00\ud800-\udfff]")


class Draft(BaseModel):
    """A body. Fields that were sent are in `model_fields_set`."""

    model_config = ConfigDict(extra="ignore", strict=True, str_max_length=1_000_000, defer_build=True)
    _nulls: frozenset[str] = PrivateAttr(default=frozenset())

    def nulls(self, name: str) -> bool:
        """True when a member was sent as null."""
        return name in self._nulls

    def omits(self, name: str) -> bool:
        """True when a member was not sent at all: the client may not know of it."""
        return name not in self.model_fields_set and not self.nulls(name)

    @model_validator(mode="before")
    @classmethod
    def _fold(cls, data: Any) -> Any:
        if data is None:
            return {}
        if not isinstance(data, Mapping):
            raise ValueError("write a JSON object")  # noqa: TRY004 - pydantic reports ValueError as a fault of the input
        folded: dict[str, Any] = {}
        for name, value in data.items():
            exact = name if name in cls.model_fields else str(name).lower()
            if value is not None and (exact == name or exact not in folded):
                folded[exact] = value
        return folded

    @classmethod
    def read(cls, data: Any) -> Self:
        """Check `data`; raises `Invalid` with a sentence that names the first wrong member."""
        refuse_unfit(data)
        try:
            draft = cls.model_validate(data)
        except ValidationError as error:
            fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
            name = ".".join(str(part) for part in fault["loc"])
            text = fault["msg"].removeprefix("Value error, ")
            raise Invalid(f"The member {name} is wrong: {text}." if name else f"{text[0].upper()}{text[1:]}.",
                          field=name or None) from None  # fmt: skip
        if isinstance(data, Mapping):
            nulls = frozenset(str(name).lower() for name, value in data.items() if value is None)
            draft._nulls = nulls  # noqa: SLF001 - it is of this class
        return draft


def refuse_unfit(value: Any, *, depth: int = 0, field: str = "") -> None:
    """Refuse JSON that a database does not take, or that could never be sent out again. Raises `Invalid`.

    `field` is the path of the value, which the refusal names.
    """
    if depth > DEEPEST:
        raise Invalid(f"The input is nested deeper than {DEEPEST} levels.", field=field or None)
    if isinstance(value, str):
        refuse_unfit_text(value, field=field)
    elif isinstance(value, Mapping):
        for name, one in value.items():
            refuse_unfit_text(str(name), field=field)
            refuse_unfit(one, depth=depth + 1, field=f"{field}.{name}" if field else str(name))
    elif isinstance(value, list):
        for number, one in enumerate(value):
            refuse_unfit(one, depth=depth + 1, field=f"{field}.{number}" if field else str(number))
    elif isinstance(value, int) and not -_LARGEST <= value <= _LARGEST:
        raise Invalid("The input holds a whole number of more than 64 bits.", field=field or None)
    elif isinstance(value, float) and not isfinite(value):
        raise Invalid("The input holds a number that is too large.", field=field or None)


def refuse_unfit_text(text: str, *, field: str = "") -> None:
    """Refuse a text with a NUL character, or with half of a character. Raises `Invalid`."""
    if _UNFIT.search(text):
        raise Invalid("The input holds a NUL character, or half of a character. Remove it.", field=field or None)


def same_id(sent: int, url: int, what: str) -> None:
    """Refuse a body whose id is not that of the URL, in the wire's words; 0 stands for not sent."""
    if sent and sent != url:
        raise Invalid(f"{what} ID in body and URL must be the same", field="id")


def same_project(sent: int, url: int) -> None:
    """Refuse a body that names another project, in the wire's words; 0 stands for not sent."""
    if sent and sent != url:
        raise Invalid("Project ID in body and URL must be the same", field="project_id")
