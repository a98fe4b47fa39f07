"""What a project learns of the keys that ssh servers show: trusted at first sight, waiting for approval, or changed."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final

from hub.context import Hub
from hub.db import exclusive, unit
from hub.models import KnownHost, Option, Project
from hub.services import events
from hub.services.actor import SYSTEM, Actor
from hub.services.host_keys import AUTHORITY, REVOKED, HostKey, covers, split_place

FIRST_USE: Final = "first_use"
ASK: Final = "ask"
OFF: Final = "off"
POLICIES: Final = (FIRST_USE, ASK, OFF)
"""The first one counts where nobody has chosen."""
OPTION: Final = "host_keys"
"""Of the hub; with a dot and its id behind it, that of a project."""
MOST: Final = 5_000
"""Known hosts of a project."""


@dataclass(frozen=True, slots=True)
class Lesson:
    """What came of a key that a server showed."""

    key: HostKey
    kind: str
    """`learned`, `pending` or `changed`."""
    sentence: str

    @property
    def refused(self) -> bool:
        """True where the key is not trusted."""
        return self.kind != "learned"


async def chosen_policy(project_id: int) -> str:
    """Return the project's own choice; empty for none."""
    row = await Option.get_or_none(key=f"{OPTION}.{project_id}")
    return row.value if row is not None and row.value in POLICIES else ""


async def policy_of(project_id: int) -> str:
    """Return how a project meets keys that it does not know: its own choice, else the hub's."""
    keys = [f"{OPTION}.{project_id}", OPTION]
    chosen = dict(await Option.filter(key__in=keys).values_list("key", "value"))
    return next((chosen[key] for key in keys if chosen.get(key) in POLICIES), FIRST_USE)


async def lines_of(project_id: int) -> list[str]:
    """Return the lines of the known_hosts file of a project: what is trusted, and what never is."""
    rows = await KnownHost.filter(project_id=project_id).order_by("id")
    return [f"{row.host} {row.key_type} {row.key}" for row in rows if row.trusted or row.host.startswith(REVOKED)]


async def learn(hub: Hub, project_id: int, shown: Sequence[HostKey], policy: str) -> list[Lesson]:
    """Keep the keys that servers showed to a task, in that order, and tell what came of each."""
    if not shown:
        return []

    async def work() -> list[Lesson]:
        await exclusive(f"known_hosts {project_id}")
        if not await Project.exists(id=project_id):
            return []
        book = _Book(hub, project_id, await KnownHost.filter(project_id=project_id).order_by("id"))
        return [lesson for key in shown if (lesson := await book.meet(key, policy)) is not None]

    return await unit(work)


def elders(rows: Iterable[KnownHost], host: str) -> list[KnownHost]:
    """Return the trusted entries that are about a host."""
    return [row for row in rows if row.trusted and covers(split_place(row.host)[1], host)]


def is_instead(row: KnownHost, key_type: str) -> bool:
    """Tell whether another key of this type contradicts a trusted entry about the same host."""
    return row.key_type == key_type or row.host.startswith(AUTHORITY)


def _is_same(row: KnownHost, key: HostKey) -> bool:
    marker, host = split_place(row.host)
    return row.fingerprint == key.fingerprint and marker != AUTHORITY and covers(host, key.host)


@dataclass(slots=True)
class _Book:
    """The known hosts of a project, while something is learned."""

    hub: Hub
    project_id: int
    rows: list[KnownHost]

    async def meet(self, key: HostKey, policy: str) -> Lesson | None:
        """Look one key up; None for what needs no word."""
        trusted = elders(self.rows, key.host)
        if any(row.fingerprint == key.fingerprint and not row.host.startswith("@") for row in trusted):
            return None
        same = [row for row in self.rows if _is_same(row, key)]
        if any(row.host.startswith(REVOKED) for row in same):
            return Lesson(key, "changed", _revoked(key))
        # A key of another type than the trusted one is no change, and no first sight either.
        replaced = [row for row in trusted if is_instead(row, key.type)]
        kind = "changed" if replaced else "learned" if policy == FIRST_USE and not trusted else "pending"
        if not same:
            await self._write(key, kind)
        elif kind == "learned":
            await self._trust(same[0])
        return Lesson(key, kind, self._sentence(key, kind, replaced))

    async def _trust(self, row: KnownHost) -> None:
        row.trusted = True
        await row.save(update_fields=["trusted"])
        await tell(self.hub, SYSTEM, row, *_HAPPENED["learned"])

    async def _write(self, key: HostKey, kind: str) -> None:
        if len(self.rows) >= MOST:
            return
        row = await KnownHost.create(
            project_id=self.project_id, host=key.place, key_type=key.type, key=key.key, fingerprint=key.fingerprint,
            trusted=kind == "learned", created=self.hub.clock(),
        )  # fmt: skip
        self.rows.append(row)
        await tell(self.hub, SYSTEM, row, *_HAPPENED[kind])

    def _sentence(self, key: HostKey, kind: str, replaced: Sequence[KnownHost]) -> str:
        if kind == "learned":
            return f"The host key of {key.host}, {key.fingerprint}, was shown for the first time and is trusted now."
        where = "in the key store under Known hosts"
        if address := self.hub.settings.public_url:
            where += f", {address}/project/{self.project_id}/known_hosts,"
        if kind == "pending":
            return (
                f"The host key of {key.host}, {key.fingerprint}, is not approved yet. Compare it with the server's, "
                f"approve it {where} and start the task again."
            )
        old = " or ".join(dict.fromkeys(_named(row) for row in replaced[:3]))
        return (
            f"{key.host} shows the host key {key.fingerprint} instead of {old}. Somebody may listen in between, or the "
            f"server was set up anew: only if you know of that, approve the new key {where} and start the task again."
        )


_HAPPENED: Final = {
    "learned": ("trusted", "trusted on first use"),
    "pending": ("pending", "waits for approval"),
    "changed": ("changed", "shown instead of the trusted one"),
}


def _named(row: KnownHost) -> str:
    return f"a certificate of {row.fingerprint}" if row.host.startswith(AUTHORITY) else row.fingerprint


def _revoked(key: HostKey) -> str:
    return f"{key.host} shows the host key {key.fingerprint}, which this project has revoked."


async def tell(hub: Hub, actor: Actor, row: KnownHost, verb: str, text: str) -> None:
    """Note what happened to an entry, in the unit under way."""
    host = split_place(row.host)[1]
    about = {"host": host, "fingerprint": row.fingerprint}
    words = f"Host key of {host} ({row.fingerprint}) {text}"
    await events.record(hub, actor, "known_host", row.id, words, project_id=row.project_id)
    await events.announce(hub, actor, f"known_host.{verb}", row.id, row.project_id, **about)
