"""Git for tasks: one bare mirror per repository, a private checkout per task."""

from __future__ import annotations

from hub.worker.git.checkout import Commit
from hub.worker.git.credentials import Credential
from hub.worker.git.failure import GitFailure, GitStopped, NoBranch
from hub.worker.git.keyring import Keyring
from hub.worker.git.mirrors import Mirrors, Wish

__all__ = ["Commit", "Credential", "GitFailure", "GitStopped", "Keyring", "Mirrors", "NoBranch", "Wish"]
