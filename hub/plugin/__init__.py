"""The floor: everything that a plugin may use, and nothing else.

It imports nothing of the hub. Within one `API_VERSION` names are only added, never changed or removed; a test keeps a
snapshot of them.
"""

from hub.plugin.auth import Identity, PasswordProvider, Redirect, RedirectProvider
from hub.plugin.errors import AuthRejected, NotReady, PluginError, Refused, Retry
from hub.plugin.events import GateRequest, HubEvent
from hub.plugin.execution import (
    Capabilities,
    Completed,
    Executor,
    HostDoor,
    HostList,
    KnownHosts,
    Material,
    Outcome,
    StateAccess,
    Stopped,
    TaskIO,
)
from hub.plugin.extension import Extension
from hub.plugin.host import Host
from hub.plugin.inventory import Inventory, InventorySource
from hub.plugin.notify import Notice, Notifier
from hub.plugin.params import (
    Choice,
    Duration,
    Group,
    Key,
    Kind,
    NoParams,
    Params,
    Prompt,
    Secret,
    Text,
    While,
    Words,
)
from hub.plugin.pythons import PythonEnvironment, PythonNeeds, find_python, python_environment
from hub.plugin.requirements import Requirements
from hub.plugin.secrets import KeyType, SecretBackend
from hub.plugin.spec import API_VERSION, hookimpl
from hub.plugin.storage import BlobStore
from hub.plugin.surface import (
    ActorView,
    Command,
    NavItem,
    Pages,
    Panel,
    PanelRequest,
    ProjectView,
    Screen,
    ScreenRequest,
)
from hub.plugin.task import AppView, InventoryView, RepositoryView, TaskView, VaultView
from hub.plugin.webhook import Delivery, Parsed, WebhookAdapter

__all__ = [
    "API_VERSION",
    "ActorView",
    "AppView",
    "AuthRejected",
    "BlobStore",
    "Capabilities",
    "Choice",
    "Command",
    "Completed",
    "Delivery",
    "Duration",
    "Executor",
    "Extension",
    "GateRequest",
    "Group",
    "Host",
    "HostDoor",
    "HostList",
    "HubEvent",
    "Identity",
    "Inventory",
    "InventorySource",
    "InventoryView",
    "Key",
    "KeyType",
    "Kind",
    "KnownHosts",
    "Material",
    "NavItem",
    "NoParams",
    "NotReady",
    "Notice",
    "Notifier",
    "Outcome",
    "Pages",
    "Panel",
    "PanelRequest",
    "Params",
    "Parsed",
    "PasswordProvider",
    "PluginError",
    "ProjectView",
    "Prompt",
    "PythonEnvironment",
    "PythonNeeds",
    "Redirect",
    "RedirectProvider",
    "Refused",
    "RepositoryView",
    "Requirements",
    "Retry",
    "Screen",
    "ScreenRequest",
    "Secret",
    "SecretBackend",
    "StateAccess",
    "Stopped",
    "TaskIO",
    "TaskView",
    "Text",
    "VaultView",
    "WebhookAdapter",
    "While",
    "Words",
    "find_python",
    "hookimpl",
    "python_environment",
]
