"""Mirrors and checkouts over real repositories on disk (W-20, W-22, W-23, W-58, W-72)."""

from __future__ import annotations

import asyncio
import os
import stat
from pathlib import Path

import pytest

from hub.errors import Invalid
from hub.testing.git_server import Repository, git
from hub.worker.git import Commit, GitFailure, GitStopped, Mirrors, Wish, mirror
from hub.worker.git.checkout import shorten
from hub.worker.git.command import Git
from hub.worker.git.locks import held


class Desk:
    """A worker's mirrors, and what was said while they worked."""

    def __init__(self, tmp_path: Path) -> None:
        self.root = tmp_path
        self.sources = tmp_path / "sources"
        self.mirrors = Mirrors(tmp_path / "mirrors", local_roots=[self.sources])
        self.stop = asyncio.Event()
        self.said: list[str] = []
        self.count = 0

    async def log(self, text: str) -> None:
        self.said.append(text)

    def place(self) -> Path:
        self.count += 1
        return self.root / "tasks" / str(self.count) / "repository"

    async def checkout(self, url: str | Path, branch: str = "", commit: str | None = None) -> tuple[Commit, Path]:
        target = self.place()
        wish = Wish(str(url), branch, commit)
        return await self.mirrors.checkout(wish, target, credential=None, log=self.log, stop=self.stop), target

    def mirror(self) -> Path:
        (found,) = (self.root / "mirrors").glob("*.git")
        return found


@pytest.fixture
async def desk(tmp_path):
    desk = Desk(tmp_path)
    yield desk
    await desk.mirrors.close()


@pytest.fixture
def repo(desk):
    repo = Repository(desk.sources / "repo")
    repo.commit("First", site__yml="one")
    return repo


@pytest.fixture
def started(monkeypatch):
    """The git processes that were started, by their arguments."""
    calls = []
    run = Git.run

    async def watched(self, arguments, call):
        calls.append(
            [word for word in arguments if not word.startswith("--git-dir") and not word.startswith("--work-tree")]
        )
        return await run(self, arguments, call)

    monkeypatch.setattr(Git, "run", watched)
    return calls


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


async def test_an_unchanged_local_repository_costs_one_process(desk, repo, started):
    await desk.checkout(repo.path, "main")
    started.clear()
    for branch in ("main", ""):
        await desk.checkout(repo.path, branch)
    assert [call[0] for call in started] == ["reset", "reset"]
    repo.commit("Second")
    started.clear()
    commit, _ = await desk.checkout(repo.path, "main")
    assert commit.message == "Second"
    assert [call[0] for call in started] == ["fetch", "for-each-ref", "reset"]


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


async def test_everything_is_private(desk, repo):
    """W-58"""
    repo.path.joinpath("run.sh").write_text("#!/bin/sh")
    repo.path.joinpath("run.sh").chmod(0o755)
    repo.commit("A program")
    _, target = await desk.checkout(repo.path, "main")
    for top in (desk.root / "mirrors", target):
        for path in [top, *top.rglob("*")]:
            assert not stat.S_IMODE(path.stat().st_mode) & 0o077, path
    assert os.access(target / "run.sh", os.X_OK)


async def test_a_released_checkout_is_gone_at_once_and_leaves_nothing(desk, repo):
    _, target = await desk.checkout(repo.path, "main")
    (target / "locked").mkdir()
    (target / "locked/file").write_text("x")
    (target / "locked").chmod(0o500)
    await desk.mirrors.release(target)
    assert not target.exists()
    await desk.mirrors.close()
    assert list((desk.root / "mirrors/rubbish").iterdir()) == []
    await desk.mirrors.release(target)
    assert (await desk.checkout(repo.path, "main"))[0].message == "First"


async def test_the_sweep_removes_left_overs_and_keeps_what_is_used(desk, repo):
    await desk.checkout(repo.path, "main")
    mirrors = desk.root / "mirrors"
    used = desk.mirror()
    for name in ("rubbish/x", "half.new", "busy.new", "old.git"):
        (mirrors / name).mkdir(parents=True)
    os.utime(mirrors / "old.git", (0, 0))
    async with held(mirrors / "busy.lock"):
        await Mirrors(mirrors, local_roots=[]).sweep()
    assert not (mirrors / "rubbish/x").exists()
    assert not (mirrors / "half.new").exists()
    assert not (mirrors / "old.git").exists()
    assert (mirrors / "busy.new").exists()
    assert used.exists()


async def test_a_repository_may_not_lead_out_of_the_roots(desk, repo):
    """W-55"""
    hidden = Repository(desk.root / "hidden")
    hidden.commit("Secret")
    (desk.sources / "a").mkdir()
    (desk.sources / "a/.git").symlink_to(hidden.path / ".git")
    (desk.sources / "b").mkdir()
    (desk.sources / "b/.git").write_text(f"gitdir: {hidden.path}/.git\n")
    (desk.sources / "c").symlink_to(hidden.path)
    for name in "abc":
        for url in (desk.sources / name, f"file://{desk.sources}/{name}"):
            with pytest.raises(Invalid, match="HUB_LOCAL_REPOSITORY_ROOTS"):
                await desk.checkout(url, "main")


async def test_a_stopped_task_starts_no_git_and_ends_a_waiting_one(desk, repo):
    desk.stop.set()
    with pytest.raises(GitStopped):
        await desk.checkout(repo.path, "main")


def lives(number: str) -> bool:
    try:
        return Path(f"/proc/{number}/stat").read_text().rsplit(")", 1)[1].split()[0] != "Z"
    except OSError:
        return False


async def test_a_stop_ends_gits_whole_process_group(desk, repo, monkeypatch):
    """A stop during a clone does not wait for git."""
    tools = desk.root / "tools"
    tools.mkdir()
    pids = desk.root / "pids"
    os.mkfifo(pids)
    (tools / "git").write_text(
        f'#!/bin/sh\n[ "$1" = version ] && exit\nsleep 1000 &\nprintf "$$ $!\\n" > {pids}\nwait\n'
    )
    (tools / "git").chmod(0o755)
    monkeypatch.setenv("PATH", f"{tools}:{os.environ['PATH']}")
    desk.mirrors = Mirrors(desk.root / "mirrors", local_roots=[desk.sources])
    task = asyncio.create_task(desk.checkout(repo.path, "main"))
    numbers = (await asyncio.to_thread(pids.read_text)).split()
    desk.stop.set()
    with pytest.raises(GitStopped):
        await task
    for each in asyncio.all_tasks() - {asyncio.current_task()}:
        await asyncio.wait({each})
    while any(lives(number) for number in numbers):
        await asyncio.sleep(0.01)
    async with held(next((desk.root / "mirrors").glob("*.lock"))):
        pass


async def test_one_stopped_task_does_not_end_the_fetch_of_the_others(desk, repo):
    await desk.checkout(repo.path, "main")
    repo.commit("Second")
    stopped = asyncio.Event()
    wish = Wish(str(repo.path), "main")
    async with held(desk.mirror().with_suffix(".lock")):
        checkout = desk.mirrors.checkout(wish, desk.place(), credential=None, log=desk.log, stop=stopped)
        first, second = asyncio.create_task(checkout), asyncio.create_task(desk.checkout(repo.path, "main"))
        (only,) = desk.mirrors._mirrors.values()
        while not any(len(flight.members) == 2 for flight in only._boarding.values()):
            await asyncio.sleep(0)
        stopped.set()
        with pytest.raises(GitStopped):
            await first
    assert (await second)[0].message == "Second"
