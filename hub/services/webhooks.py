"""Receiving: a request comes to an address, proves who sends it, fits, and starts tasks.

An integration is asked in this order: is it the sender that it expects, can the body be read, do its matchers fit, did
the same signed body come before. Then its task starts from its `task_params`, over which the values are laid that it
takes out of the request. Every step that ends it is written into the log of deliveries. W-25, W-61.
"""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final

from pydantic import Field, ValidationError

from hub.context import Hub
from hub.errors import Conflict, HubError, Invalid, NotFound, Unauthenticated
from hub.models import (
    Delivery,
    Integration,
    IntegrationAlias,
    IntegrationMatcher,
    IntegrationValue,
    Key,
    Task,
    Template,
)
from hub.plugin import Delivery as Request
from hub.plugin import NoParams, Params, PluginError, WebhookAdapter
from hub.services import apps, deliveries, webhook_pace
from hub.services.access import MANAGE_RESOURCES, require
from hub.services.actor import Actor
from hub.services.belongings import find
from hub.services.draft import Draft
from hub.services.integration_parts import MatcherDraft, ValueDraft, matcher_columns, value_columns
from hub.services.integration_rules import named
from hub.services.keys import read_secret
from hub.services.tasks import survey
from hub.services.tasks.launch import TaskDraft, launch
from hub.services.webhook_values import (
    Extracted,
    Incoming,
    compared,
    decode,
    extract,
    extract_all,
    matches,
    variable_text,
)

SECONDS: Final = 5.0
"""Time that an adapter has for a verb."""

_ALIAS = re.compile(r"[A-Za-z0-9_-]{1,50}", re.ASCII)
_SHARED: Final = ("login_password", "string")
"""Types of key that supply a secret; all others count as empty, and an empty secret is never right (S14)."""
_UNKNOWN: Final = "There is no integration at this address."
_DEEP: Final = "The body is nested too deeply."


class Unmatched(Invalid):
    """The sender is known, and nothing was to be started, or could be."""

    status = 422


@dataclass(frozen=True, slots=True)
class Started:
    """A task, as the wire names it to the sender."""

    task_id: int
    template_id: int
    project_id: int
    integration_id: int
    inventory_id: int | None


@dataclass(frozen=True, slots=True)
class _Result:
    """What came of a request at one integration."""

    outcome: str
    started: Sequence[Started] = ()
    reason: str = ""
    masks: Sequence[str] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class _Secret:
    members: Mapping[str, str] = field(default_factory=dict, repr=False)

    @property
    def masks(self) -> tuple[str, ...]:
        """What must not be written down; a login is no secret."""
        return tuple(value for name, value in self.members.items() if name != "login" and value)


@dataclass(frozen=True, slots=True)
class _Read:
    """A request as one integration sees it."""

    incoming: Incoming
    event: str


class SampleDraft(Draft):
    """A request to try: `body` is text, or any JSON value.

    Rules that are sent along are tried in place of the stored ones, and not stored.
    """

    headers: dict[str, str] = Field(default_factory=dict)
    body: Any = ""
    matchers: list[MatcherDraft] | None = None
    values: list[ValueDraft] | None = None

    def request(self) -> Request:
        """Return it as if it had come."""
        text = self.body if isinstance(self.body, str) else json.dumps(self.body, ensure_ascii=False)
        named = {name.lower(): value for name, value in self.headers.items()}
        return Request(headers=named, query={}, body=text.encode("utf-8", "replace"))

    async def rules(self, integration: Integration) -> tuple[list[IntegrationMatcher], list[IntegrationValue]]:
        """Return the rules to try: those that were sent, else those that are stored. Raises `Invalid`."""
        matchers, values = self.matchers, self.values
        return (
            await _matchers(integration) if matchers is None
            else [IntegrationMatcher(id=one.id, **named("matchers", n, matcher_columns, integration.id, one))
                  for n, one in enumerate(matchers)],
            await _values(integration) if values is None
            else [IntegrationValue(id=one.id, **named("values", n, value_columns, integration.id, one))
                  for n, one in enumerate(values)],
        )  # fmt: skip


async def receive(hub: Hub, alias: str, request: Request, *, by_link: bool = False) -> list[Started]:
    """Start what a request asks for; one that came `by_link` only where proof of the sender is asked for.

    Raises `NotFound` for an unknown address, `Unauthenticated` when no integration there believes the sender,
    `Unmatched` when nothing was to be started, and `TooMany`.
    """
    await webhook_pace.count(hub, alias, request.remote)
    candidates = await _candidates(alias)
    if by_link:
        candidates = [one for one in candidates if one.auth_method]
        if not candidates:
            raise Unauthenticated("A GET starts nothing at an integration that asks for no proof of the sender.")
    results = [(one, await _take(hub, one, request)) for one in candidates]
    believed = [result for _, result in results if result.outcome != deliveries.REFUSED]
    if not believed and results:
        for integration, result in results:
            await deliveries.write(hub, deliveries.Entry(
                integration, request, result.outcome, result.reason, masks=result.masks,
            ))  # fmt: skip
        raise Unauthenticated("The request does not prove who sends it: its secret or signature is missing or wrong.")
    started = [task for result in believed for task in result.started]
    outcomes = {result.outcome for result in believed}
    if started or deliveries.REPLAYED in outcomes:
        return started
    if deliveries.FAILED in outcomes:
        raise Unmatched("The request was understood, but no task could be started; the log of deliveries says why.")
    raise Unmatched("The request fits no integration at this address, so nothing was started.")


async def redeliver(hub: Hub, actor: Actor, at: tuple[int, int, int]) -> dict[str, Any]:
    """Take the delivery at (project, integration, delivery) as if it came again; who sent it was proved the first time.

    Refused ones were never proved, and are not taken. Returns the new delivery.
    """
    project_id, integration_id, delivery_id = at
    await require(actor, project_id, MANAGE_RESOURCES)
    old = await deliveries.find_delivery(project_id, integration_id, delivery_id)
    integration = await find(Integration, project_id, integration_id, "integration")
    if old.outcome == deliveries.REFUSED:
        raise Conflict("This delivery did not prove who sent it; let the sender repeat it.")
    if not integration.active:
        raise Conflict("This integration is switched off.")
    note = f"Taken again by {actor.label}, from delivery {old.id}."
    result, made = await _act(hub, integration, deliveries.request_of(old), note=note)
    if result.reason and made.outcome != deliveries.STARTED:
        await deliveries.settle(made, made.outcome, reason=f"{result.reason} {note}")
    return deliveries.whole(made)


async def rehearse(
    hub: Hub, actor: Actor, project_id: int, integration_id: int, draft: SampleDraft
) -> dict[str, Any]:  # fmt: skip
    """Say which matchers fit a sample, what is taken out of it, and what is wrong with that. Nothing starts."""
    await require(actor, project_id, MANAGE_RESOURCES)
    integration = await find(Integration, project_id, integration_id, "integration")
    read = await _read(hub, integration, draft.request())
    matchers, values = await draft.rules(integration)
    said: dict[str, Any] = {"event": read.event, "facts": dict(read.incoming.facts), "environment": {}, "params": {}}
    try:
        said["matched"] = _fits(integration, matchers, read.incoming)
        said["matchers"] = [
            {"id": one.id, "name": one.name, "matched": matches(one, read.incoming),
             "found": compared(one, read.incoming)}
            for one in matchers
        ]  # fmt: skip
        said["values"] = [
            {"id": one.id, "name": one.name, "variable": one.variable, "variable_type": one.variable_type,
             "value": None if (found := extract(one, read.incoming)) is None else variable_text(found)}
            for one in values
        ]  # fmt: skip
        body = await _task_body(hub, integration, read.incoming, values)
    except RecursionError:
        raise Invalid(_DEEP, field="body") from None
    except HubError as error:
        return said | {"error": error.sentence}
    return said | {"environment": survey.parse_object(body["environment"], "environment"), "params": body["params"]}


async def _candidates(alias: str) -> list[Integration]:
    """Return the integrations that an address leads to: one, or all searchable ones of a project by name.

    The address of a single one leads nowhere while that is searchable, as on the wire, or switched off.
    """
    found = await IntegrationAlias.get_or_none(alias=alias) if _ALIAS.fullmatch(alias) else None
    if found is None:
        raise NotFound(_UNKNOWN)
    if found.integration_id is None:
        query = Integration.filter(project_id=found.project_id, searchable=True, active=True)
        return list(await query.order_by("name", "id"))
    single = await Integration.get_or_none(id=found.integration_id, searchable=False, active=True)
    if single is None:
        raise NotFound(_UNKNOWN)
    return [single]


async def _take(hub: Hub, integration: Integration, request: Request) -> _Result:
    """Let one integration look at a request."""
    secret = _Secret()
    try:
        secret = await _secret(hub, integration)
        believed = await _verify(hub, integration, secret, request)
    except (HubError, PluginError) as error:
        return _Result(deliveries.REFUSED, reason=f"Who sends could not be proved: {error}", masks=secret.masks)
    if not believed:
        reason = "The secret or signature is missing or wrong."
        return _Result(deliveries.REFUSED, reason=reason, masks=secret.masks)
    result, _ = await _act(hub, integration, request, masks=secret.masks, once=True)
    return result


async def _act(
    hub: Hub, integration: Integration, request: Request, *, masks: Sequence[str] = (), once: bool = False,
    note: str = "",
) -> tuple[_Result, Delivery]:  # fmt: skip
    """Match, start and write down; `once` takes a signed body that came before for a replay."""
    event = ""
    try:
        read = await _read(hub, integration, request)
        event = read.event
        matched = _fits(integration, await _matchers(integration), read.incoming)
    except (HubError, PluginError, RecursionError) as error:
        reason = _DEEP if isinstance(error, RecursionError) else str(error)
        entry = deliveries.Entry(integration, request, deliveries.FAILED, reason, event, masks=masks)
        return _Result(deliveries.FAILED, reason=reason), await deliveries.write(hub, entry)
    if not matched:
        reason = note or "Not every condition fits."
        entry = deliveries.Entry(integration, request, deliveries.UNMATCHED, reason, event, masks=masks)
        return _Result(deliveries.UNMATCHED), await deliveries.write(hub, entry)
    digest = deliveries.digest_of(integration.id, request.body) if once and _signed(hub, integration) else ""
    entry = deliveries.Entry(integration, request, deliveries.STARTING, note, event, digest=digest, masks=masks)
    claimed, earlier = await deliveries.claim(hub, entry)
    if earlier is not None:
        return _Result(deliveries.REPLAYED, await _tasks(integration, earlier.task_ids)), claimed
    return await _start(hub, integration, read.incoming, claimed), claimed


async def _start(hub: Hub, integration: Integration, incoming: Incoming, claimed: Delivery) -> _Result:
    actor = Actor("integration", source_id=integration.id)
    try:
        draft = TaskDraft.read(await _task_body(hub, integration, incoming, await _values(integration)))
        made = await launch(hub, actor, integration.project_id, draft)
    except (HubError, PluginError, RecursionError) as error:
        reason = _DEEP if isinstance(error, RecursionError) else str(error)
        await deliveries.settle(claimed, deliveries.FAILED, reason=reason)
        return _Result(deliveries.FAILED, reason=reason)
    await deliveries.settle(claimed, deliveries.STARTED, task_ids=[made["id"]])
    started = Started(
        made["id"], made["template_id"], integration.project_id, integration.id, made.get("inventory_id")
    )  # fmt: skip
    return _Result(deliveries.STARTED, (started,))


async def _task_body(
    hub: Hub, integration: Integration, incoming: Incoming, values: Sequence[IntegrationValue]
) -> dict[str, Any]:  # fmt: skip
    """Return the body of the task: the integration's params, and over them what is taken out of the request."""
    params = dict(integration.task_params or {})
    template = await Template.get(id=integration.template_id)
    executor = await apps.executor_of(hub, template.app)
    taken: Extracted = extract_all(values, incoming, executor.task_params_type)
    environment = survey.parse_object(params.get("environment", ""), "environment") | taken.environment
    return params | {
        "template_id": integration.template_id,
        "environment": json.dumps(environment, ensure_ascii=False) if environment else "",
        "params": (params.get("params") or {}) | taken.params,
    }


async def _verify(hub: Hub, integration: Integration, secret: _Secret, request: Request) -> bool:
    if integration.auth_method == "":
        return True
    adapter = hub.registry.webhook_adapters.get(integration.auth_method)
    if adapter is None:
        raise Invalid(f"no plugin knows the way {integration.auth_method}.")
    verdict = adapter.verify(_params(adapter, integration), secret.members, request)
    return await hub.registry.guard(adapter, verdict, limit=SECONDS) is True


async def _read(hub: Hub, integration: Integration, request: Request) -> _Read:
    """Decode a request as its sender words it."""
    adapter = hub.registry.webhook_adapters.get(integration.auth_method)
    if adapter is None:
        return _Read(Incoming(request.headers, request.body, decode(request.body)), "")
    work = adapter.parse(_params(adapter, integration), request)
    parsed = await hub.registry.guard(adapter, work, limit=SECONDS)
    facts = dict(parsed.facts) | ({"event": parsed.event} if parsed.event else {})
    return _Read(Incoming(request.headers, request.body, parsed.payload, facts), parsed.event)


def _params(adapter: WebhookAdapter[Any], integration: Integration) -> Params:
    """Return an adapter's params: the wire has one, the header, which goes to the param of that name."""
    if adapter.params_type is NoParams:
        return NoParams()
    given = {"header": integration.auth_header} if "header" in adapter.params_type.model_fields else {}
    try:
        return adapter.params_type.model_validate(given)
    except ValidationError:
        raise Invalid(f"{adapter.title} is not set up for this integration.") from None


async def _secret(hub: Hub, integration: Integration) -> _Secret:
    key = await Key.get_or_none(id=integration.auth_secret_id, project_id=integration.project_id, type__in=_SHARED)
    if key is None:
        return _Secret()
    return _Secret({name: value for name, value in (await read_secret(hub, key)).items() if isinstance(value, str)})


def _signed(hub: Hub, integration: Integration) -> bool:
    adapter = hub.registry.webhook_adapters.get(integration.auth_method)
    return adapter is not None and adapter.signed


def _fits(integration: Integration, matchers: Sequence[IntegrationMatcher], incoming: Incoming) -> bool:
    """All matchers must fit. Without any, an integration with an address of its own runs, a searchable one does not."""
    if not matchers:
        return not integration.searchable
    return all(matches(one, incoming) for one in matchers)


async def _matchers(integration: Integration) -> list[IntegrationMatcher]:
    return list(await IntegrationMatcher.filter(integration_id=integration.id).order_by("id"))


async def _values(integration: Integration) -> list[IntegrationValue]:
    return list(await IntegrationValue.filter(integration_id=integration.id).order_by("id"))


async def _tasks(integration: Integration, task_ids: Sequence[int]) -> list[Started]:
    found = await Task.filter(id__in=list(task_ids), project_id=integration.project_id).order_by("id")
    return [Started(one.id, one.template_id, one.project_id, integration.id, one.inventory_id) for one in found]
