"""Errors between a plugin and the hub. Each carries policy: what the hub does next.

    PluginError            a sentence for the person; the verb failed
    ├── Refused            a rule says no: show the sentence, do not retry
    ├── AuthRejected       the credentials are mine and wrong: ask again
    ├── NotReady           the outside is not there yet: retry later, keep the state
    └── Retry              try this very call again after `after` seconds

`None` from a verb means "not mine, ask the next"; an exception means "mine, and wrong".
Anything else that a plugin raises is shown as that plugin's fault, with its name.
"""

from __future__ import annotations


class PluginError(Exception):
    """A failure that the plugin can explain in one sentence."""


class Refused(PluginError):
    """A rule says no. The sentence is shown; nothing is retried.

    `field` names the member of the params that is to blame, where one is: forms show the sentence beside it.
    """

    def __init__(self, sentence: str = "", *, field: str = "") -> None:
        super().__init__(sentence)
        self.field = field


class AuthRejected(PluginError):
    """The credentials belong to this provider and are wrong."""


class NotReady(PluginError):
    """The outside service is not available yet."""


class Retry(PluginError):
    """Call again after `after` seconds."""

    def __init__(self, sentence: str, *, after: float) -> None:
        super().__init__(sentence)
        self.after = after
