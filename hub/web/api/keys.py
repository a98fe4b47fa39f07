"""Routes of keys."""

from __future__ import annotations

from hub import shapes
from hub.services import key_pairs, key_users, keys
from hub.services.access import MANAGE_RESOURCES
from hub.services.key_pairs import PairDraft, RotationDraft
from hub.services.keys import KeyDraft
from hub.web.api.queries import asked
from hub.web.api.routing import Access, Answer, Call, Made, route

_ALL = "/project/{project_id}/keys"
_ONE = _ALL + "/{key_id}"


@route("GET", _ALL, Access.MEMBER, gives=list[shapes.Key], lists=keys.LISTING)
async def list_keys(call: Call) -> Answer:
    """Keys of a project."""
    return await keys.list_keys(call.actor, call.ids["project_id"], asked(call))


@route("POST", _ALL, Access.MEMBER, takes=KeyDraft, gives=shapes.Key, status=201)
async def create_key(call: Call) -> Answer:
    """Add a key."""
    draft = KeyDraft.read(call.body)
    return Made(await keys.create_key(call.hub, call.actor, call.ids["project_id"], draft))


@route("POST", _ALL + "/generate", Access.MEMBER, wire=False, takes=PairDraft, gives=shapes.NewKey, status=201)
async def generate_key(call: Call) -> Answer:
    """Make up a key pair in the hub; its private half is sealed at once, its public half answered."""
    draft = PairDraft.read(call.body)
    return Made(await key_pairs.generate_key(call.hub, call.actor, call.ids["project_id"], draft))


@route("GET", _ONE, Access.MEMBER, gives=shapes.Key)
async def get_key(call: Call) -> Answer:
    """One key."""
    return await keys.get_key(call.actor, call.ids["project_id"], call.ids["key_id"])


@route("GET", _ONE + "/about", Access.MEMBER, wire=False, needs=MANAGE_RESOURCES, gives=shapes.KeyAbout)
async def about_key(call: Call) -> Answer:
    """What is known of a stored key, but for its secret: the public half, and when its certificate ends."""
    return await keys.about_key(call.hub, call.actor, call.ids["project_id"], call.ids["key_id"])


@route("POST", _ONE + "/rotate", Access.MEMBER, wire=False, takes=RotationDraft, gives=shapes.NewKey, status=200)
async def rotate_key(call: Call) -> Answer:
    """Put a new secret in the place of the stored one; whatever uses the key keeps using it."""
    draft = RotationDraft.read(call.body)
    return await key_pairs.rotate_key(call.hub, call.actor, call.ids["project_id"], call.ids["key_id"], draft)


@route("GET", _ONE + "/uses", Access.MEMBER, wire=False, needs=MANAGE_RESOURCES, gives=list[shapes.KeyUse])
async def key_uses(call: Call) -> Answer:
    """Everything that uses a key, and as what."""
    return await key_users.uses(call.hub, call.actor, call.ids["project_id"], call.ids["key_id"])


@route("GET", _ONE + "/refs", Access.MEMBER, gives=shapes.Refs)
async def key_refs(call: Call) -> Answer:
    """What uses a key."""
    return dict(await keys.key_refs(call.actor, call.ids["project_id"], call.ids["key_id"]))


@route("PUT", _ONE, Access.MEMBER, takes=KeyDraft)
async def update_key(call: Call) -> Answer:
    """Replace a key."""
    draft = KeyDraft.read(call.body)
    await keys.update_key(call.hub, call.actor, call.ids["project_id"], call.ids["key_id"], draft)
    return None


@route("DELETE", _ONE, Access.MEMBER)
async def delete_key(call: Call) -> Answer:
    """Delete a key, unless something uses it."""
    await keys.delete_key(call.hub, call.actor, call.ids["project_id"], call.ids["key_id"])
    return None
