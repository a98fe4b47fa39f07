"""Answers to the web's questions about repositories."""

from __future__ import annotations

import logging
import shutil
import tempfile
from pathlib import Path
from typing import Any

from hub.context import Hub
from hub.errors import HubError, Invalid
from hub.models import Key, Repository
from hub.plugin import PluginError
from hub.services import keys, questions
from hub.services.params import parse
from hub.worker.checkout import credential_of
from hub.worker.run import Place

logger = logging.getLogger(__name__)


async def answer(hub: Hub, place: Place, question_id: int) -> None:
    """Answer one question; a failure is the answer then."""
    question = await questions.load(question_id)
    if question is None:
        return
    kind, data = question
    try:
        result = await _KINDS[kind](hub, place, data)
    except (HubError, PluginError) as error:
        await questions.tell(hub, question_id, error=str(error))
    except Exception:
        logger.exception("The question %s (%s) could not be answered.", question_id, kind)
        await questions.tell(hub, question_id, error="The worker met an error; its log tells which.")
    else:
        await questions.tell(hub, question_id, answer=result)


async def _branches(hub: Hub, place: Place, data: dict[str, Any]) -> list[str]:
    repository = await Repository.get_or_none(id=data["repository_id"]).select_related("ssh_key")
    if repository is None:
        raise Invalid("The repository does not exist any more.")
    folder = Path(tempfile.mkdtemp(prefix="key-", dir=place.tasks))
    kind, material = await _material(hub, repository.ssh_key, folder)
    try:
        return await place.mirrors.branches(repository.git_url, credential_of(material))
    finally:
        await kind.release(material)
        shutil.rmtree(folder, ignore_errors=True)


async def _material(hub: Hub, key: Key, folder: Path) -> tuple[Any, Any]:
    kind = hub.registry.key_types.get(key.type)
    if kind is None:
        raise Invalid(f"The key {key.name} is of type {key.type}, which no installed plugin brings.")
    members = await keys.read_secret(hub, key)
    return kind, await kind.materialise(parse(kind.params_type, members, "key"), folder)


_KINDS = {"branches": _branches}
