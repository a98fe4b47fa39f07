"""Logs that are made to break: endless lines, every kind of byte, forged lines, in the tasks' logs and in the hub's."""

from __future__ import annotations

import json
import logging
import re
import zlib
from datetime import UTC, datetime

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from hub.errors import HubError
from hub.models import TaskChunk
from hub.services.log import ANSI, Chunk
from hub.services.users import UserDraft
from hub.testing.scene import commit_files
from hub.worker.journal import CUT
from hub.worker.lines import LONGEST, Splitter
from hub.worker.mask import Masker

from .people import People

BYTES = st.binary(max_size=200)
NASTY = st.lists(
    st.sampled_from(
        [b"\r", b"\n", b"\r\n", b"\0", b"\x1b[31m", b"\x1b[", b"\x1b]0;title\x07", b"\x1b[2J", b"\xff", b"\xc3",
         b"\xf0\x9f\x98\x80", b"\xed\xa0\x80", "\u2028".encode(), "\u202e".encode(), b"\x08", b"\x7f", b"secret",
         b"sec", b"ret", b"c2VjcmV0", b"%", b"a" * 300]
    ) | BYTES,
    max_size=40,
)  # fmt: skip


@settings(max_examples=300, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(NASTY)
def test_any_bytes_become_lines_that_every_database_and_page_takes(blocks: list[bytes]):
    """Counted as they are cut, whatever the borders; nothing that a text column or JSON refuses is left."""
    splitter = Splitter()
    pieces = [splitter.feed(block) for block in blocks] + [splitter.flush()]
    lines: list[str] = []
    for text, count in pieces:
        assert len(text.split("\n")) == count if count else not text
        lines += text.split("\n") if count else []
    for line in lines:
        assert "\0" not in line
        assert "\n" not in line
        json.loads(json.dumps(line)).encode("utf-8")
    whole = Splitter()
    at_once = [whole.feed(b"".join(blocks)), whole.flush()]
    assert lines == [line for text, count in at_once if count for line in text.split("\n")]


@settings(max_examples=300, deadline=None)
@given(NASTY, st.sampled_from(["secret", "a secret\nof lines", "[31m", "\x1b[31m", "aaaa", "sec\xe9ret"]))
def test_no_cut_of_the_stream_lets_a_secret_through(blocks: list[bytes], secret: str):
    masker = Masker([secret])
    shown = b"".join([masker.feed(block) for block in blocks] + [masker.flush()])
    for line in secret.encode().split(b"\n"):
        if len(line) >= 6 or line == secret.encode():
            assert line not in shown


def test_removing_colours_does_not_choke_on_endless_ones():
    """A pattern that tries every split would take for ever here."""
    assert ANSI.sub(b"", b"\x1b[" + b"1;" * 200_000) == b"\x1b[" + b"1;" * 200_000
    assert ANSI.sub(b"", b"\x1b[" * 200_000) == b"\x1b[" * 200_000
    assert ANSI.sub(b"", b"a\x1b[1;31mb\x1b[0mc") == b"abc"


async def test_an_endless_line_is_cut_and_does_not_grow_the_memory(stage):
    """Twenty megabytes without a line break, then one: the reader still gets all of it."""
    commit_files(stage.folder, {"endless.sh": "head -c 20000000 /dev/zero | tr '\\0' 'x'; echo; echo the end\n"}, "x")
    task = await stage.run(await stage.template("endless.sh"))
    assert task["status"] == "success"
    rows = await TaskChunk.filter(task_id=task["id"]).values("data", "lines")
    lines = await stage.lines(task["id"])
    assert lines[-2:] == ["the end", CUT]
    assert sum(len(line) for line in lines if set(line) == {"x"}) == 20_000_000
    assert max(len(line) for line in lines) <= LONGEST
    assert sum(row["lines"] for row in rows) == len(lines)
    assert max(len(zlib.decompress(row["data"])) for row in rows) < 4 * LONGEST


async def test_every_byte_and_every_control_sequence_can_be_read_again(stage, app):
    script = "import sys\nout = sys.stdout.buffer\n"
    script += "out.write(bytes(range(256)) * 3 + b'\\n')\n"
    script += (
        "out.write(b'\\x1b]0;title\\x07\\x1b[2J\\x1b[31mred\\r\\rover\\n' + '\\u202e\\u2028\\ud7ff\\n'.encode())\n"
    )
    script += "out.write(b'\\xed\\xa0\\x80\\xf4\\x90\\x80\\x80 half \\xe2\\x82')\n"
    commit_files(stage.folder, {"bytes.py": script}, "bytes")
    task = await stage.run(await stage.template("bytes.py", app="python"))
    assert task["status"] == "success"
    caller = await People(stage.hub, app).with_session(stage.actor)
    at = f"/project/{stage.project.id}/tasks/{task['id']}"
    for path in (f"/api{at}/output", f"/api{at}/raw_output", f"/api{at}/lines", f"/api{at}/stream", at):
        reply = await caller.call("GET", path)
        assert reply.status == 200, path
        assert b"\0" not in reply.data
        reply.data.decode("utf-8")


async def test_a_line_of_a_log_forges_no_event_of_the_stream(stage, app):
    """A task that prints the stream's own words, with every line break that there is."""
    forged = 'event: end\\ndata: {}\\n\\nid: 9\\nevent: state\\ndata: {\\"status\\": \\"forged\\"}\\n\\n'
    script = f'print("x\\r\\r{forged}\\u2028{forged}\\x0b\\x0c\\x1c\\x85end")\nprint("after")\n'
    commit_files(stage.folder, {"forge.py": script}, "forge")
    task = await stage.run(await stage.template("forge.py", app="python"))
    caller = await People(stage.hub, app).with_token(stage.actor)
    reply = await caller.call("GET", f"/api/project/{stage.project.id}/tasks/{task['id']}/stream")
    events = [part for part in reply.data.decode().split("\n\n") if part]
    assert [part for part in events if re.search(r"^event: end", part, re.MULTILINE)] == [events[-1]]
    states = [json.loads(part.partition("data: ")[2]) for part in events if "event: state" in part.split("\n")[0]]
    assert {state["status"] for state in states} == {"success"}


@pytest.mark.parametrize("name", ["a\nStarted: 99", "a\r\nb", "a\x1b[2Jb", "a\u2028b", "\x85x", "a\tb", "x\n\n\n"])
async def test_the_name_of_a_template_forges_no_line_of_a_log(stage, name):
    """Lines are counted by the hub: one too many, and every number after it is wrong."""
    task = await stage.run(await stage.template("hello.sh", name=name))
    lines = await stage.lines(task["id"])
    rows = await TaskChunk.filter(task_id=task["id"]).values("lines")
    assert sum(row["lines"] for row in rows) == len(lines)
    assert [line for line in lines if line.startswith("Started:")] == [f"Started: {task['id']}"]
    assert "hello" in lines


@pytest.mark.parametrize("text", ["a\nb", "a\r\nWARNING forged", "a\x1b[2Jb", "a\0b", "a\u2028b", "\u202egnp.exe"])
def test_people_have_printable_names(text):
    for member in ("username", "name", "email"):
        body = {"username": "u", "name": "n", "email": "e@example.org", member: text}
        with pytest.raises(HubError):
            UserDraft.read(body).columns()


async def test_nothing_that_people_write_makes_a_second_line_in_the_hubs_own_log(stage, app, caplog):
    """Names, messages, bodies, headers and addresses with line breaks and colours in them."""
    caplog.set_level(logging.INFO)
    evil = "x\r\n2026-01-01 00:00:00 ERROR   hub: forged \x1b[31m\x1b]0;t\x07"
    caller = await People(stage.hub, app).with_token(stage.actor)
    at = f"/project/{stage.project.id}"
    for path, body in [
        ("/auth/login", {"auth": evil, "password": evil}), (f"{at}/keys", {"name": evil, "type": evil}),
        (f"{at}/keys", {"name": evil, "type": "none"}), (f"{at}/views", {"title": evil}),
        (f"{at}/repositories", {"name": evil, "git_url": evil, "git_branch": evil, "ssh_key_id": 1}),
        (f"{at}/environment", {"name": evil, "json": evil}), ("/options", {"key": evil, "value": evil}),
        (f"{at}/templates", {"name": evil[:100], "app": "bash", "playbook": evil, "repository_id": 1}),
        (f"{at}/nothing\n{evil}", {}), ("/users", {"username": evil, "name": evil, "email": evil}),
    ]:  # fmt: skip
        await caller.post(path, body)
        await caller.call("GET", f"/api{at}/tasks?sort={evil}&status={evil}")
    for template in (await stage.template("hello.sh", name=evil[:100]), await stage.template(evil[:100], name="x")):
        await stage.run(template, message=evil)
    formatter = logging.Formatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    for record in caplog.records:
        if record.exc_info is None:
            text = formatter.format(record)
            assert "\n" not in text, text
            assert "\x1b" not in text, text


def test_a_chunk_whose_times_are_odd_is_still_readable():
    now = datetime.now(UTC)
    chunk = Chunk(0, 0, 2, now, [[0, 0]], "a\nb")
    assert [text for _, _, text in chunk.numbered()] == ["a", "b"]
