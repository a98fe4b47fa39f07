"""Git's words become sentences, and never carry a secret."""

from __future__ import annotations

import asyncio

import pytest

from hub.services.git_address import parse
from hub.worker.git import Credential, GitFailure, Mirrors, Wish
from hub.worker.git.failure import explain, redact

WORDS = [
    ("error: unable to write file x: No space left on device\nfatal: cannot create", "space", "disk is full"),
    ("fatal: write error: Disk quota exceeded", "space", "disk is full"),
    ("remote: Repository not found.\nfatal: repository 'https://h/x/' not found", "missing", "has no repository"),
    ("remote: The project you were looking for could not be found or", "missing", "has no repository"),
    ("fatal: unable to access 'https://h/x/': The requested URL returned error: 403", "forbidden", "read access"),
    ("fatal: unable to access 'https://h/x/': The requested URL returned error: 502", "network", "does not answer"),
    ("fatal: unable to access 'https://h/x/': Could not resolve host: h", "network", "does not answer"),
    ("ssh: connect to host h port 22: Connection timed out", "network", "does not answer"),
    ("kex_exchange_identification: Connection closed by remote host", "network", "does not answer"),
    ("error: RPC failed; curl 18 transfer closed\nfatal: early EOF", "network", "does not answer"),
    ("fatal: unable to access 'https://h/x/': SSL certificate problem: self-signed certificate", "tls", "certificate"),
    ("fatal: could not read Username for 'https://h': terminal prompts disabled", "auth", "asks for a login"),
    ("Host key verification failed.", "host_key", "host key"),
    ("fatal: transport 'ext' not allowed", "protocol", "does not allow"),
    ("error: object file .git/objects/ab/cd is empty\nfatal: loose object abcd is corrupt", "corrupt", "damaged"),
    (
        "fatal: something nobody has seen before",
        "other",
        "could not read https://h/x: something nobody has seen before.",
    ),
    ("", "other", "gave no reason"),
]


@pytest.mark.parametrize(("words", "reason", "sentence"), WORDS)
def test_each_failure_gets_one_sentence(words, reason, sentence):
    failure = explain(words, parse("https://h/x", local_roots=()), None)
    assert failure.reason == reason
    assert sentence in failure.sentence
    assert failure.sentence.endswith(".")
    assert "\n" not in failure.sentence


def test_details_hold_neither_progress_nor_secrets():
    key = Credential(login="me", password="p@ss word")
    words = (
        "remote: Counting objects:   1% (1/99)\rremote: Counting objects: 100% (99/99), done.\n"
        "Receiving objects:  50% (1/2)\r"
        "fatal: https://me:p%40ss%20word@h/a%20b said p@ss word and https://x:y@h/z\n"
    )
    assert redact(words, key) == "fatal: https://***@h/a%20b said *** and https://***@h/z"


async def test_a_worker_without_git_says_so(tmp_path, monkeypatch):
    monkeypatch.setenv("PATH", str(tmp_path))
    mirrors = Mirrors(tmp_path / "mirrors", local_roots=[tmp_path])

    async def log(text: str) -> None:
        """Nobody reads it."""

    with pytest.raises(GitFailure, match="“git” is not installed"):
        await mirrors.checkout(
            Wish(str(tmp_path), "main"), tmp_path / "target", credential=None, log=log, stop=asyncio.Event()
        )


async def test_a_folder_that_cannot_be_used_is_named(tmp_path):
    (tmp_path / "file").write_text("x")
    with pytest.raises(GitFailure, match="cannot use its folder for git: Not a directory"):
        await Mirrors(tmp_path / "file/mirrors", local_roots=[]).branches("https://127.0.0.1/x", None)
