"""Reads pages as a browser without scripts does: keeps cookies, sends forms with their token."""

from __future__ import annotations

import re
from dataclasses import dataclass
from html.parser import HTMLParser
from typing import Any
from urllib.parse import urlencode

from quart import Quart

CSRF = re.compile(r'name="csrf" value="([0-9a-f]*)"')


@dataclass(frozen=True)
class Sheet:
    """A page that came back."""

    status: int
    headers: Any
    text: str

    @property
    def place(self) -> str:
        """Where a redirect leads."""
        return str(self.headers.get("Location", ""))


class Reader:
    """One person's browser."""

    def __init__(self, app: Quart) -> None:
        """Open a fresh browser on `app`."""
        self._client = app.test_client()

    async def get(self, path: str, **headers: str) -> Sheet:
        """Read a page."""
        answer = await self._client.get(path, headers=headers)
        return Sheet(
            answer.status_code, answer.headers, (await answer.get_data(as_text=False)).decode("utf-8", "replace")
        )

    async def post(self, path: str, form: dict[str, Any] | None = None, **headers: str) -> Sheet:
        """Send a form as it is; a list is a field that is there several times."""
        kind = {"Content-Type": "application/x-www-form-urlencoded"}
        answer = await self._client.post(path, data=urlencode(form or {}, doseq=True), headers=kind | headers)
        return Sheet(
            answer.status_code, answer.headers, (await answer.get_data(as_text=False)).decode("utf-8", "replace")
        )

    async def send(self, path: str, form: dict[str, Any] | None = None, **headers: str) -> Sheet:
        """Send a form with the token that pages of this session carry."""
        found = CSRF.search((await self.get("/account")).text)
        if found is None:
            raise AssertionError("the page carries no token; sign in first")
        return await self.post(path, {**(form or {}), "csrf": found[1]}, **headers)

    async def follow(self, sheet: Sheet) -> Sheet:
        """Go where a redirect leads, to the end."""
        while sheet.status in {302, 303}:
            sheet = await self.get(sheet.place.partition("#")[0])
        return sheet

    async def sign_in(self, name: str, password: str) -> Sheet:
        """Begin a session."""
        return await self.post("/auth/login", {"username": name, "password": password})


class Marks(HTMLParser):
    """Collects what a page is made of."""

    def __init__(self, text: str) -> None:
        """Read `text`."""
        super().__init__()
        self.tags: list[tuple[str, dict[str, str]]] = []
        self.inside_script: list[tuple[dict[str, str], str]] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        """Note a tag."""
        self.tags.append((tag, {name: value or "" for name, value in attrs}))

    def handle_data(self, data: str) -> None:
        """Note what a script element holds."""
        if self.tags and self.tags[-1][0] == "script" and data.strip():
            self.inside_script.append((self.tags[-1][1], data))

    def all(self, tag: str) -> list[dict[str, str]]:
        """Attributes of every element of that name."""
        return [attributes for name, attributes in self.tags if name == tag]
