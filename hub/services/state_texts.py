"""The text of a Terraform state: what its head says, how it is packed to be stored, and how it gets another serial.

A state can have tens of megabytes, so its head is read without building the rest of it as Python objects, and it is
compressed before it is sealed.
"""

from __future__ import annotations

import base64
import re
import zlib
from typing import Final

import orjson
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from hub.errors import Invalid

_PACKED: Final = "z:"
"""Begins a text that is compressed; others are the state itself, as early versions of the hub stored it."""
_LEVEL: Final = 4
_SERIAL: Final = re.compile(rb'("serial"\s*:\s*)\d+')


class Head(BaseModel):
    """What the tool writes at the top of every state."""

    model_config = ConfigDict(frozen=True, strict=True, extra="ignore")

    serial: int = Field(ge=0, lt=2**63)
    lineage: str = Field(min_length=1, max_length=100)
    encryption_version: str = ""
    """Set where OpenTofu has encrypted what is below the head."""


def read_head(body: bytes | bytearray) -> Head:
    """Read the head, and with it whether the whole is JSON. Raises `Invalid`."""
    try:
        return Head.model_validate_json(body)
    except ValidationError as error:
        fault = error.errors(include_url=False, include_context=False, include_input=False)[0]
        member = ".".join(str(part) for part in fault["loc"])
        what = f"its member {member} is missing or wrong" if member else "it is not a JSON object"
        raise Invalid(f"What was sent is no Terraform state: {what}.") from None


def pack(body: bytes | bytearray) -> str:
    """Return the text to seal."""
    return _PACKED + base64.b64encode(zlib.compress(body, _LEVEL)).decode()


def unpack(text: str) -> bytes:
    """Return the state."""
    return zlib.decompress(base64.b64decode(text[len(_PACKED) :])) if text.startswith(_PACKED) else text.encode()


def with_serial(body: bytes, serial: int) -> bytes:
    """Return the same state under another serial, every other byte as it was. Raises `Invalid`."""
    head = read_head(body)
    if head.encryption_version:
        raise Invalid(
            "This state is encrypted by OpenTofu, which also seals its serial, so the hub cannot go back to it. "
            "Download it, and bring it back with `tofu state push -force`."
        )
    changed = _SERIAL.sub(rb"\g<1>%d" % serial, body, count=1)
    if read_head(changed) == head.model_copy(update={"serial": serial}):
        return changed
    return orjson.dumps(orjson.loads(body) | {"serial": serial})  # another "serial" stood above the head's
