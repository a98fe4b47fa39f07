"""Routes of integrations: what they are made of, their addresses, and what came to them."""

from __future__ import annotations

from hub import shapes
from hub.services import deliveries, integration_parts, integration_rules, integrations, webhooks
from hub.services.access import MANAGE_RESOURCES
from hub.services.integration_parts import MatcherDraft, ValueDraft
from hub.services.integration_rules import RulesDraft
from hub.services.integrations import IntegrationDraft
from hub.services.webhooks import SampleDraft
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, Made, route

_ALL = "/project/{project_id}/integrations"
_ONE = _ALL + "/{integration_id}"
_MATCHER = _ONE + "/matchers/{matcher_id}"
_VALUE = _ONE + "/values/{value_id}"
_DELIVERY = _ONE + "/deliveries/{delivery_id}"


def _pair(call: Call) -> tuple[int, int]:
    return call.ids["project_id"], call.ids["integration_id"]


@route("GET", _ALL, Access.MEMBER, gives=list[shapes.Integration], lists=integrations.LISTING)
async def list_integrations(call: Call) -> Answer:
    """Integrations of a project."""
    return await integrations.list_integrations(call.actor, call.ids["project_id"], asked(call))


@route("POST", _ALL, Access.MEMBER, takes=IntegrationDraft, gives=shapes.Integration, status=201)
async def create_integration(call: Call) -> Answer:
    """Add an integration."""
    draft = IntegrationDraft.read(call.body)
    return Made(await integrations.create_integration(call.hub, call.actor, call.ids["project_id"], draft))


@route("GET", _ALL + "/aliases", Access.MEMBER, gives=list[shapes.Alias], lists=integration_parts.ALIASES)
async def list_project_aliases(call: Call) -> Answer:
    """Addresses of all searchable ones together."""
    return await integration_parts.list_aliases(call.hub, call.actor, call.ids["project_id"], asked(call))


@route("POST", _ALL + "/aliases", Access.MEMBER, body=False, gives=shapes.Alias)
async def create_project_alias(call: Call) -> Answer:
    """Add an address of all searchable ones together; the body counts for nothing, and the answer is 200."""
    return await integration_parts.create_alias(call.hub, call.actor, call.ids["project_id"])


@route("DELETE", _ALL + "/aliases/{alias_id}", Access.MEMBER)
async def delete_project_alias(call: Call) -> Answer:
    """Delete an address of all searchable ones together."""
    await integration_parts.delete_alias(call.hub, call.actor, call.ids["project_id"], call.ids["alias_id"])
    return None


@route("GET", _ONE, Access.MEMBER, gives=shapes.Integration)
async def get_integration(call: Call) -> Answer:
    """One integration."""
    return await integrations.get_integration(call.actor, *_pair(call))


@route("GET", _ONE + "/refs", Access.MEMBER, gives=shapes.IntegrationRefs)
async def integration_refs(call: Call) -> Answer:
    """What uses an integration."""
    return await integrations.integration_refs(call.actor, *_pair(call))


@route("PUT", _ONE, Access.MEMBER, takes=IntegrationDraft)
async def update_integration(call: Call) -> Answer:
    """Replace an integration."""
    await integrations.update_integration(call.hub, call.actor, *_pair(call), IntegrationDraft.read(call.body))
    return None


@route("DELETE", _ONE, Access.MEMBER)
async def delete_integration(call: Call) -> Answer:
    """Delete an integration."""
    await integrations.delete_integration(call.hub, call.actor, *_pair(call))
    return None


@route("GET", _ONE + "/matchers", Access.MEMBER, gives=list[shapes.Matcher], lists=integration_parts.MATCHERS)
async def list_matchers(call: Call) -> Answer:
    """Conditions of an integration."""
    return await integration_parts.list_matchers(call.actor, *_pair(call), asked(call))


@route("POST", _ONE + "/matchers", Access.MEMBER, takes=MatcherDraft, gives=shapes.Matcher)
async def create_matcher(call: Call) -> Answer:
    """Add a condition; the wire answers 200."""
    return await integration_parts.create_matcher(call.hub, call.actor, *_pair(call), MatcherDraft.read(call.body))


@route("GET", _MATCHER, Access.MEMBER, gives=shapes.Matcher)
async def get_matcher(call: Call) -> Answer:
    """One condition."""
    return await integration_parts.get_matcher(call.actor, *_pair(call), call.ids["matcher_id"])


@route("GET", _MATCHER + "/refs", Access.MEMBER, gives=shapes.PartRefs)
async def matcher_refs(call: Call) -> Answer:
    """What uses a condition."""
    return await integration_parts.part_refs(call.actor, *_pair(call), matcher_id=call.ids["matcher_id"])


@route("PUT", _MATCHER, Access.MEMBER, takes=MatcherDraft)
async def update_matcher(call: Call) -> Answer:
    """Replace a condition."""
    at = (*_pair(call), call.ids["matcher_id"])
    await integration_parts.update_matcher(call.hub, call.actor, at, MatcherDraft.read(call.body))
    return None


@route("DELETE", _MATCHER, Access.MEMBER)
async def delete_matcher(call: Call) -> Answer:
    """Delete a condition."""
    await integration_parts.delete_matcher(call.hub, call.actor, (*_pair(call), call.ids["matcher_id"]))
    return None


@route("GET", _ONE + "/values", Access.MEMBER, gives=list[shapes.ExtractedValue], lists=integration_parts.VALUES)
async def list_values(call: Call) -> Answer:
    """Values that an integration takes out."""
    return await integration_parts.list_values(call.actor, *_pair(call), asked(call))


@route("POST", _ONE + "/values", Access.MEMBER, takes=ValueDraft, gives=shapes.ExtractedValue, status=201)
async def create_value(call: Call) -> Answer:
    """Add a value."""
    draft = ValueDraft.read(call.body)
    return Made(await integration_parts.create_value(call.hub, call.actor, *_pair(call), draft))


@route("GET", _VALUE, Access.MEMBER, gives=shapes.ExtractedValue)
async def get_value(call: Call) -> Answer:
    """One value."""
    return await integration_parts.get_value(call.actor, *_pair(call), call.ids["value_id"])


@route("GET", _VALUE + "/refs", Access.MEMBER, gives=shapes.PartRefs)
async def value_refs(call: Call) -> Answer:
    """What uses a value."""
    return await integration_parts.part_refs(call.actor, *_pair(call), value_id=call.ids["value_id"])


@route("PUT", _VALUE, Access.MEMBER, takes=ValueDraft)
async def update_value(call: Call) -> Answer:
    """Change what is sent of a value."""
    at = (*_pair(call), call.ids["value_id"])
    await integration_parts.update_value(call.hub, call.actor, at, ValueDraft.read(call.body))
    return None


@route("DELETE", _VALUE, Access.MEMBER)
async def delete_value(call: Call) -> Answer:
    """Delete a value."""
    await integration_parts.delete_value(call.hub, call.actor, (*_pair(call), call.ids["value_id"]))
    return None


@route("GET", _ONE + "/rules", Access.MEMBER, wire=False, gives=shapes.Rules)
async def get_rules(call: Call) -> Answer:
    """Every condition, and every value that is taken out."""
    return await integration_rules.get_rules(call.actor, *_pair(call))


@route("PUT", _ONE + "/rules", Access.MEMBER, wire=False, takes=RulesDraft, gives=shapes.Rules)
async def put_rules(call: Call) -> Answer:
    """Replace all of them at once, or none."""
    return await integration_rules.put_rules(call.hub, call.actor, *_pair(call), RulesDraft.read(call.body))


@route("GET", _ONE + "/aliases", Access.MEMBER, gives=list[shapes.Alias], lists=integration_parts.ALIASES)
async def list_aliases(call: Call) -> Answer:
    """Addresses of one integration."""
    project_id, integration_id = _pair(call)
    return await integration_parts.list_aliases(
        call.hub, call.actor, project_id, asked(call), integration_id=integration_id
    )


@route("POST", _ONE + "/aliases", Access.MEMBER, body=False, gives=shapes.Alias)
async def create_alias(call: Call) -> Answer:
    """Add an address of one integration; the answer is 200."""
    project_id, integration_id = _pair(call)
    return await integration_parts.create_alias(call.hub, call.actor, project_id, integration_id=integration_id)


@route("DELETE", _ONE + "/aliases/{alias_id}", Access.MEMBER)
async def delete_alias(call: Call) -> Answer:
    """Delete an address of one integration."""
    project_id, integration_id = _pair(call)
    await integration_parts.delete_alias(
        call.hub, call.actor, project_id, call.ids["alias_id"], integration_id=integration_id
    )
    return None


@route("POST", _ONE + "/test", Access.MEMBER, wire=False, takes=SampleDraft, gives=shapes.Rehearsal)
async def try_integration(call: Call) -> Answer:
    """Say what a sample request would do; nothing starts."""
    return await webhooks.rehearse(call.hub, call.actor, *_pair(call), SampleDraft.read(call.body))


@route(
    "GET",
    _ONE + "/deliveries",
    Access.MEMBER,
    wire=False,
    needs=MANAGE_RESOURCES,
    gives=list[shapes.Delivery],
    lists=deliveries.LISTING,
)
async def list_deliveries(call: Call) -> Answer:
    """What came to an integration, the newest first and without bodies; `before` is the last id already seen."""
    return await deliveries.list_deliveries(call.actor, *_pair(call), asked(call))


@route("GET", _DELIVERY, Access.MEMBER, wire=False, needs=MANAGE_RESOURCES, gives=shapes.WholeDelivery)
async def get_delivery(call: Call) -> Answer:
    """One delivery, whole."""
    return await deliveries.get_delivery(call.actor, *_pair(call), call.ids["delivery_id"])


@route("POST", _DELIVERY + "/redeliver", Access.MEMBER, body=False, wire=False, gives=shapes.WholeDelivery, status=201)
async def redeliver(call: Call) -> Answer:
    """Take a delivery as if it came again, and answer the new delivery."""
    made = await webhooks.redeliver(call.hub, call.actor, (*_pair(call), call.ids["delivery_id"]))
    return Made(made)
