"""The nouns: Tortoise models, without verbs. One file per subject; services are their only writers."""

from hub.models.access import Membership, Session, Token, User
from hub.models.event import Event
from hub.models.meta import App, NodeLock, Option
from hub.models.project import Environment, Inventory, Key, Project, Repository
from hub.models.question import Question
from hub.models.task import Task, TaskChunk, TaskMove, TaskResult
from hub.models.template import Template, TemplateVault, View

__all__ = [
    "App",
    "Environment",
    "Event",
    "Inventory",
    "Key",
    "Membership",
    "NodeLock",
    "Option",
    "Project",
    "Question",
    "Repository",
    "Session",
    "Task",
    "TaskChunk",
    "TaskMove",
    "TaskResult",
    "Template",
    "TemplateVault",
    "Token",
    "User",
    "View",
]
