"""Mirrors and checkouts over real repositories on disk (W-20, W-22, W-23)."""

from __future__ import annotations

import asyncio
import os
from itertools import pairwise

import pytest

from hub.testing.git_server import git
from hub.worker.git import Commit, GitFailure, Mirrors, Wish, mirror
from hub.worker.git.checkout import shorten
from hub.worker.git.command import Git


async def test_a_checkout_has_the_files_the_commit_and_the_first_line_of_its_message(desk, repo):
    hash_ = repo.commit("Say more\n\nA long story.", site__yml="two")
    commit, target = await desk.checkout(repo.path, "main")
    assert commit == Commit(hash_, "Say more", "main")
    assert (target / "site.yml").read_text() == "two"
    assert desk.said == [f"Fetching {repo.path}", f"Checked out {hash_[:12]} (main): Say more"]


async def test_git_works_inside_a_checkout_as_after_a_clone(desk, repo):
    repo.run("tag", "-a", "v1", "-m", "one")
    repo.run("branch", "feature/x")
    _, target = await desk.checkout(repo.path, "feature/x")
    assert git(target, "status", "--porcelain=v2", "--branch").splitlines()[1:] == [
        "# branch.head feature/x",
        "# branch.upstream origin/feature/x",
        "# branch.ab +0 -0",
    ]
    assert git(target, "describe") == "v1"
    assert git(target, "log", "--format=%s", "origin/main") == "First"
    assert git(target, "fsck") == ""
    (target / "new").write_text("x")
    git(target, "add", "new")
    git(target, "commit", "-m", "A task may commit")
    git(target, "pull", "--rebase")
    assert git(target, "fetch", "origin") == ""


async def test_an_empty_branch_means_the_default_branch(desk, repo):
    repo.run("checkout", "-q", "-b", "trunk/x")
    commit, target = await desk.checkout(repo.path)
    assert commit.branch == "trunk/x"
    assert git(target, "branch", "--show-current") == "trunk/x"


async def test_a_tag_can_stand_in_for_a_branch(desk, repo):
    hash_ = repo.commit("Two")
    repo.run("tag", "-a", "v2", "-m", "two")
    repo.commit("Three")
    commit, target = await desk.checkout(repo.path, "v2")
    assert commit == Commit(hash_, "Two", "v2")
    assert git(target, "rev-parse", "HEAD") == hash_


async def test_a_commit_can_be_wished_full_or_abbreviated_and_is_fetched_only_when_missing(desk, repo, started):
    first = repo.run("rev-parse", "HEAD")
    await desk.checkout(repo.path, "main")
    started.clear()
    commit, target = await desk.checkout(repo.path, "main", first)
    assert commit == Commit(first, "First", "main")
    assert git(target, "status", "--porcelain", "--branch") == "## HEAD (no branch)"
    assert not [call for call in started if "fetch" in call]
    second = repo.commit("Second")
    commit, _ = await desk.checkout(repo.path, "", second[:8].upper())
    assert commit == Commit(second, "Second", "")
    assert len([call for call in started if "fetch" in call]) == 1


async def test_a_tag_with_the_name_of_a_commit_does_not_deceive(desk, repo):
    first = repo.run("rev-parse", "HEAD")
    second = repo.commit("Second")
    repo.run("tag", first[:8], second)
    repo.run("branch", first[:10], second)
    for short in (first[:8], first[:10], first):
        commit, _ = await desk.checkout(repo.path, "", short)
        assert commit.hash == first


def verb(call: list[str]) -> str:
    """Return what git was asked to do, without the settings before it."""
    return next(word for before, word in pairwise(["", *call]) if not word.startswith("-") and before != "-c")


async def test_an_unchanged_local_repository_costs_one_process(desk, repo, started):
    await desk.checkout(repo.path, "main")
    started.clear()
    for branch in ("main", ""):
        await desk.checkout(repo.path, branch)
    assert [verb(call) for call in started] == ["reset", "reset"]
    repo.commit("Second")
    started.clear()
    commit, _ = await desk.checkout(repo.path, "main")
    assert commit.message == "Second"
    assert [verb(call) for call in started] == ["fetch", "for-each-ref", "reset"]


async def test_parallel_tasks_of_different_branches_never_share_a_folder(desk, repo):
    """W-20"""
    for number in range(6):
        repo.run("checkout", "-q", "-b", f"branch/{number}", "main")
        repo.commit(f"Branch {number}", mine=str(number))
    done = await asyncio.gather(*(desk.checkout(repo.path, f"branch/{index % 6}") for index in range(18)))
    assert [(target / "mine").read_text() for _, target in done] == [str(index % 6) for index in range(18)]
    assert all(git(target, "status", "--porcelain") == "" for _, target in done)
    done[0][1].joinpath("mine").write_text("changed")
    assert done[6][1].joinpath("mine").read_text() == "0"


async def test_tasks_that_ask_at_once_share_one_fetch_and_one_mirror(desk, repo, started):
    """W-72"""
    await asyncio.gather(*(desk.checkout(repo.path, "main") for _ in range(12)))
    assert len([call for call in started if call[0] == "fetch"]) == 1
    assert desk.mirror()


async def test_a_fetch_that_had_begun_before_does_not_satisfy_a_later_task(desk, repo, monkeypatch):
    begun, go_on = asyncio.Event(), asyncio.Event()
    run = Git.run

    async def slow(self, arguments, call):
        result = await run(self, arguments, call)
        if "fetch" in arguments and not begun.is_set():
            begun.set()
            await go_on.wait()
        return result

    monkeypatch.setattr(Git, "run", slow)
    early = asyncio.create_task(desk.checkout(repo.path, "main"))
    await begun.wait()
    hash_ = repo.commit("Pushed meanwhile")
    late = asyncio.create_task(desk.checkout(repo.path, "main"))
    while not desk.mirrors._mirrors or not any(each._boarding for each in desk.mirrors._mirrors.values()):
        await asyncio.sleep(0)
    go_on.set()
    assert (await early)[0].message == "First"
    assert (await late)[0].hash == hash_


async def test_two_workers_of_one_machine_share_mirrors_safely(desk, repo):
    others = [Mirrors(desk.root / "mirrors", local_roots=[desk.sources]) for _ in range(4)]
    wish = Wish(str(repo.path), "main")
    targets = [desk.place() for _ in others]
    pairs = zip(others, targets, strict=True)
    done = await asyncio.gather(
        *(other.checkout(wish, target, credential=None, log=desk.log, stop=desk.stop) for other, target in pairs)
    )
    assert {commit.message for commit in done} == {"First"}
    assert desk.mirror()


async def test_branches_that_change_between_file_and_folder_are_followed(desk, repo):
    repo.run("branch", "a")
    await desk.checkout(repo.path, "a")
    repo.run("branch", "-D", "a")
    repo.run("branch", "a/b")
    assert (await desk.checkout(repo.path, "a/b"))[0].branch == "a/b"
    with pytest.raises(GitFailure, match="no branch or tag “a”"):
        await desk.checkout(repo.path, "a")


async def test_a_rewritten_branch_is_followed_and_running_checkouts_stay_whole(desk, repo):
    repo.commit("To be dropped", dropped="x")
    _, old = await desk.checkout(repo.path, "main")
    repo.run("reset", "-q", "--hard", "HEAD~1")
    hash_ = repo.commit("Instead")
    assert (await desk.checkout(repo.path, "main"))[0].hash == hash_
    assert git(old, "fsck", "--no-dangling") == ""
    assert git(old, "show", "HEAD:dropped") == "x"


async def test_many_fetches_are_packed_together_without_losing_dropped_commits(desk, repo, monkeypatch):
    monkeypatch.setattr(mirror, "_PACKS_BEFORE_REPACK", 3)
    repo.commit("To be dropped", dropped="x")
    _, old = await desk.checkout(repo.path, "main")
    repo.run("reset", "-q", "--hard", "HEAD~1")
    for number in range(5):
        repo.commit(f"Number {number}", n=str(number))
        await desk.checkout(repo.path, "main")
    assert len(list((desk.mirror() / "objects/pack").glob("*.pack"))) < 4
    assert git(old, "fsck", "--no-dangling") == ""


async def test_messages_are_cut_between_characters_and_survive_foreign_encodings(desk, repo):
    """W-23"""
    repo.commit("ж" * 150)
    commit, _ = await desk.checkout(repo.path, "main")
    assert commit.message == "ж" * 100
    assert shorten(b"caf\xe9 \x1b[31m red\x00\nMore") == "caf\ufffd  [31m red"
    repo.commit("")
    assert (await desk.checkout(repo.path, "main"))[0].message == ""


async def test_branches_are_listed_with_their_full_names(desk, repo):
    """W-23"""
    for name in ("feature/x", "feature/y/z", "x"):
        repo.run("branch", name)
    assert await desk.mirrors.branches(str(repo.path), None) == ["feature/x", "feature/y/z", "main", "x"]


async def test_the_head_of_a_branch_is_asked_without_a_checkout(desk, repo):
    first = repo.run("rev-parse", "HEAD")
    repo.run("tag", "-a", "v1", "-m", "one")
    repo.run("branch", "other/main")
    second = repo.commit("Second")
    url = str(repo.path)
    assert await desk.mirrors.head(url, "main", None) == second
    assert await desk.mirrors.head(url, "other/main", None) == first
    assert await desk.mirrors.head(url, "v1", None) == first
    assert await desk.mirrors.head(url, "", None) == second
    with pytest.raises(GitFailure, match="no branch or tag “nope”"):
        await desk.mirrors.head(url, "nope", None)


async def test_packed_and_linked_repositories_are_read(desk, repo):
    repo.run("branch", "side")
    repo.run("pack-refs", "--all")
    repo.run("worktree", "add", "-q", str(desk.sources / "linked"), "side")
    git(desk.sources, "clone", "-q", "--bare", str(repo.path), "bare.git")
    for url in (desk.sources / "linked", desk.sources / "bare.git", f"file://{repo.path}"):
        assert (await desk.checkout(url, "side"))[0].message == "First"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can give files away")
async def test_a_repository_of_another_user_below_the_root_is_read(desk, repo):
    for path in [repo.path, *repo.path.rglob("*")]:
        os.lchown(path, 12345, 12345)
    assert (await desk.checkout(repo.path, "main"))[0].message == "First"
