"""What programs of a task may see of the file system: all but what is the hub's, and of that what is lent to them."""

from __future__ import annotations

import os
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from pathlib import Path


@dataclass(frozen=True, slots=True)
class View:
    """Paths are real ones, without symbolic links."""

    hidden: tuple[Path, ...]
    """Folders with all below them, and files, whether they are there by now or not."""
    writable: tuple[Path, ...] = ()
    """Below what is hidden, but free to use."""
    readable: tuple[Path, ...] = ()
    """Below what is hidden, but free to read and to run."""
    _above: frozenset[str] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_above", frozenset(str(one) for path in self.hidden for one in path.parents))

    def lending(self, *, writable: tuple[Path, ...] = (), readable: tuple[Path, ...] = ()) -> View:
        """Return a view that shows these as well."""
        return replace(self, writable=self.writable + writable, readable=self.readable + readable)

    def around(self) -> Iterator[tuple[str, bool]]:
        """Return everything beside the ways that lead down to what is hidden: together it is all the rest.

        Each is (path, whether it is a folder).

        A symbolic link is left out: what it leads to counts where it really is, and it may lead to what is hidden.
        """
        hidden = {str(path) for path in self.hidden}
        ways = self._above - hidden
        for way in ways:
            if not hidden.isdisjoint(map(str, Path(way).parents)):
                continue  # it is hidden with what is above it
            try:
                entries = os.scandir(way)
            except OSError:
                continue  # what the hub may not list it cannot lend
            with entries:
                for entry in entries:
                    if entry.path not in hidden and entry.path not in ways and not entry.is_symlink():
                        yield entry.path, entry.is_dir(follow_symlinks=False)
