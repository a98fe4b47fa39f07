"""The nouns: Tortoise models, without verbs. One file per subject; services are their only writers."""

from hub.models import _plain  # noqa: F401 - for what it does, before any model is made
from hub.models.access import Identity, Membership, Session, Token, User
from hub.models.channel import Channel, Notification
from hub.models.event import Event
from hub.models.integration import Delivery, Integration, IntegrationAlias, IntegrationMatcher, IntegrationValue
from hub.models.meta import App, IdempotencyKey, NodeLock, Option
from hub.models.outside import DriftCheck, HostConfig, HostFacts, KnownHost, SecretStorage, State, StateAlias, StateLock
from hub.models.project import Environment, Inventory, Key, Project, Repository
from hub.models.question import Question
from hub.models.rights import Invite, RecoveryCode, Role, SecondFactor, TemplateRole, UserOption
from hub.models.runner import Runner, RunnerEnrolment
from hub.models.schedule import Freeze, Schedule
from hub.models.task import Task, TaskChunk, TaskMove, TaskResult
from hub.models.template import Star, Template, TemplateEnvironment, TemplateVault, View
from hub.models.worker import Worker

__all__ = [
    "App",
    "Channel",
    "Delivery",
    "DriftCheck",
    "Environment",
    "Event",
    "Freeze",
    "HostConfig",
    "HostFacts",
    "IdempotencyKey",
    "Identity",
    "Integration",
    "IntegrationAlias",
    "IntegrationMatcher",
    "IntegrationValue",
    "Inventory",
    "Invite",
    "Key",
    "KnownHost",
    "Membership",
    "NodeLock",
    "Notification",
    "Option",
    "Project",
    "Question",
    "RecoveryCode",
    "Repository",
    "Role",
    "Runner",
    "RunnerEnrolment",
    "Schedule",
    "SecondFactor",
    "SecretStorage",
    "Session",
    "Star",
    "State",
    "StateAlias",
    "StateLock",
    "Task",
    "TaskChunk",
    "TaskMove",
    "TaskResult",
    "Template",
    "TemplateEnvironment",
    "TemplateRole",
    "TemplateVault",
    "Token",
    "User",
    "UserOption",
    "View",
    "Worker",
]
