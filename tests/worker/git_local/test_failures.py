"""Fetches that fail and mirrors that are damaged (W-72)."""

from __future__ import annotations

import pytest

from hub.testing.git_server import Repository, git
from hub.worker.git import GitFailure, Wish, mirror


async def test_a_failed_fetch_keeps_the_mirror(desk, repo):
    """W-22"""
    await desk.checkout(repo.path, "main")
    before = {file: file.read_bytes() for file in desk.mirror().rglob("*") if file.is_file()}
    away = repo.path.rename(desk.sources / "away")
    with pytest.raises(GitFailure, match="is not a git repository") as caught:
        await desk.checkout(repo.path, "main")
    assert caught.value.reason == "missing"
    assert all(file.read_bytes() == content for file, content in before.items())
    away.rename(repo.path)
    assert (await desk.checkout(repo.path, "main"))[0].message == "First"


@pytest.mark.parametrize("damage", ["no packs", "empty packs", "no repository"])
async def test_a_damaged_mirror_is_built_anew(desk, repo, damage):
    """W-22"""
    await desk.checkout(repo.path, "main")
    for pack in (desk.mirror() / "objects/pack").glob("*.*"):
        pack.chmod(0o600)
        pack.write_bytes(b"") if damage == "empty packs" else pack.unlink()
    if damage == "no repository":
        (desk.mirror() / "HEAD").unlink()
    commit, target = await desk.checkout(repo.path, "main")
    assert commit.message == "First"
    assert git(target, "status", "--porcelain") == ""
    assert git(desk.mirror(), "fsck", "--no-dangling") == ""
    assert any("built anew" in text for text in desk.said)


async def test_a_mirror_stays_when_its_replacement_cannot_be_fetched(desk, repo):
    await desk.checkout(repo.path, "main")
    first = desk.mirror().stat().st_ino
    for pack in (repo.path / ".git/objects").rglob("*"):
        if pack.is_file():
            pack.chmod(0o600)
            pack.write_bytes(b"broken")
    repo.path.joinpath(".git/refs/heads/main").write_text("1" * 40 + "\n")
    with pytest.raises(GitFailure):
        await desk.checkout(repo.path, "main")
    assert desk.mirror().stat().st_ino == first


async def test_lock_files_of_a_killed_fetch_do_not_block_the_next(desk, repo):
    await desk.checkout(repo.path, "main")
    (desk.mirror() / mirror._MARK).touch()
    (desk.mirror() / "refs/heads/main.lock").touch()
    (desk.mirror() / "packed-refs.lock").touch()
    hash_ = repo.commit("Second")
    assert (await desk.checkout(repo.path, "main"))[0].hash == hash_


async def test_failures_say_what_is_wrong(desk, repo):
    empty = Repository(desk.sources / "empty")
    (desk.sources / "folder").mkdir()
    for url, branch, commit, sentence in (
        (repo.path, "nope", None, "no branch or tag “nope”"),
        (repo.path, "main", "0" * 40, "has no commit 0000"),
        (empty.path, "main", None, "no branch or tag “main”"),
        (empty.path, "", None, "no default branch"),
        (desk.sources / "nothing", "main", None, "is not a git repository on the hub's machine"),
        (desk.sources / "folder", "main", None, "is not a git repository on the hub's machine"),
    ):
        with pytest.raises(GitFailure, match=sentence) as caught:
            await desk.checkout(url, branch, commit)
        assert caught.value.sentence.endswith(".")
        assert caught.value.reason == "missing"


async def test_a_full_folder_is_not_checked_out_into(desk, repo):
    target = desk.place()
    target.mkdir(parents=True)
    (target / "mine").write_text("precious")
    with pytest.raises(GitFailure, match="not empty"):
        await desk.mirrors.checkout(Wish(str(repo.path)), target, credential=None, log=desk.log, stop=desk.stop)
    assert (target / "mine").read_text() == "precious"
