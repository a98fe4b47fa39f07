"""Reads refs of repositories on this machine without starting a process."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

from hub.errors import Invalid
from hub.services.git_address import Address, below


def git_folder(address: Address, roots: Sequence[Path]) -> Path:
    """Return the folder with the repository itself, or raise `Invalid` when it lies outside of the roots.

    Git follows `.git` links and pointer files on its own, so they are followed and checked first.
    """
    top = Path(address.path)
    found = top / ".git"
    try:
        if found.is_file():
            pointer = found.read_text(errors="replace").strip()
            found = top / pointer.removeprefix("gitdir:").strip()
        elif not found.exists():
            found = top
        common = found / "commondir"
        shared = found / common.read_text(errors="replace").strip() if common.is_file() else found
        resolved = found.resolve(), shared.resolve()
    except (OSError, ValueError, RuntimeError):
        raise Invalid(f"The repository {address.url} cannot be read. Check its permissions.", field="git_url") from None
    if not all(below(each, roots) for each in resolved):
        raise Invalid(
            f"The repository {address.url} leads out of the folders that an administrator allows in "
            "HUB_LOCAL_REPOSITORY_ROOTS.",
            field="git_url",
        )
    return resolved[0]


def tip(folder: Path, branch: str) -> tuple[str, str] | None:
    """Return (branch, commit) of a branch, or of the current one for ""; None when git itself has to be asked."""
    try:
        import git  # noqa: PLC0415 - its import runs “git version”, which a hub without local repositories is spared
    except ImportError:  # git is not installed, as the next attempt to run it will tell
        return None
    try:
        repository = git.Repo(folder, expand_vars=False)
    except (git.GitError, OSError, ValueError):
        return None
    try:
        name = branch or repository.head.reference.name
        commit = git.SymbolicReference.dereference_recursive(repository, f"refs/heads/{name}")
    except (git.GitError, OSError, ValueError, TypeError):
        return None
    finally:
        repository.close()
    return (name, commit) if commit else None
