"""What events say to readers of the activity and of the audit; the wire has them in English of its own.

On the left a description as services write it, on the right the sentence that pages draw in the reader's language.
`%(it)s` is what the event is about, `%(id)s` a number in its place; what else is in there is shown as it stands.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from hub.web.i18n import N_

TASKS: Final[Mapping[str, str]] = {
    "Task ID %(id)s (%(it)s) WAITING": N_("Task %(it)s was put into the queue"),
    "Task ID %(id)s (%(it)s) STARTING": N_("Task %(it)s started"),
    "Task ID %(id)s (%(it)s) STOPPING": N_("Task %(it)s is being stopped"),
    "Task ID %(id)s (%(it)s) CONFIRMED": N_("Task %(it)s was confirmed"),
    "Task ID %(id)s (%(it)s) CONFIRMED: %(note)s": N_("Task %(it)s was confirmed: %(note)s"),
    "Task ID %(id)s (%(it)s) REJECTED": N_("Task %(it)s was rejected"),
    "Task ID %(id)s (%(it)s) REJECTED: %(note)s": N_("Task %(it)s was rejected: %(note)s"),
    "Task ID %(id)s (%(it)s) finished with status SUCCESS": N_("Task %(it)s succeeded"),
    "Task ID %(id)s (%(it)s) finished with status ERROR": N_("Task %(it)s failed"),
    "Task ID %(id)s (%(it)s) finished with status STOPPED": N_("Task %(it)s was stopped"),
    "Task ID %(id)s (%(it)s) finished with status NOT_EXECUTED": N_("Task %(it)s was not executed"),
    "Task ID %(id)s (%(it)s) deleted": N_("Task %(it)s was deleted"),
    "Worker %(worker)s was killed: task %(id)s (%(it)s) ended with it":
        N_("Task %(it)s ended because its worker %(worker)s was killed"),
    "Worker %(worker)s was lost: task %(id)s (%(it)s) ended with it":
        N_("Task %(it)s ended because its worker %(worker)s was lost"),
    "Template %(name)s was not started after task ID %(id)s: %(reason)s":
        N_("Template %(name)s was not started after task #%(id)s: %(reason)s"),
}  # fmt: skip

RESOURCES: Final[Mapping[str, str]] = {
    "Access Key %(it)s created": N_("Key %(it)s was created"),
    "Access Key %(it)s updated": N_("Key %(it)s was changed"),
    "Access Key %(it)s rotated": N_("Key %(it)s was rotated"),
    "Access Key %(it)s deleted": N_("Key %(it)s was deleted"),
    "Environment %(it)s created": N_("Variable group %(it)s was created"),
    "Environment %(it)s updated": N_("Variable group %(it)s was changed"),
    "Environment %(it)s deleted": N_("Variable group %(it)s was deleted"),
    "Inventory %(it)s created": N_("Inventory %(it)s was created"),
    "Inventory %(it)s updated": N_("Inventory %(it)s was changed"),
    "Inventory %(it)s deleted": N_("Inventory %(it)s was deleted"),
    "Facts of the inventory %(it)s forgotten": N_("Facts of the hosts of %(it)s were forgotten"),
    "Repository %(it)s created": N_("Repository %(it)s was created"),
    "Repository %(it)s updated": N_("Repository %(it)s was changed"),
    "Repository %(it)s deleted": N_("Repository %(it)s was deleted"),
    "View %(it)s created": N_("View %(it)s was created"),
    "View %(it)s updated": N_("View %(it)s was changed"),
    "View %(it)s deleted": N_("View %(it)s was deleted"),
    "Views put in another order": N_("The views were put in another order"),
    "Template ID %(id)s created": N_("Template %(it)s was created"),
    "Template ID %(id)s imported": N_("Template %(it)s was imported from a file"),
    "Template ID %(id)s updated": N_("Template %(it)s was changed"),
    "Template ID %(id)s description updated": N_("The description of template %(it)s was changed"),
    "Template ID %(id)s deleted": N_("Template %(it)s was deleted"),
    "Template ID %(id)s moved to another view": N_("Template %(it)s was moved to another view"),
    "Template ID %(id)s got the inventory %(inventory)s": N_("Template %(it)s got the inventory %(inventory)s"),
    "Template ID %(id)s gave the inventory %(inventory)s back":
        N_("Template %(it)s gave the inventory %(inventory)s back"),
    "Rights of role %(role)s on template ID %(id)s created":
        N_("The role %(role)s got rights of its own on template %(it)s"),
    "Rights of role %(role)s on template ID %(id)s updated":
        N_("The rights of the role %(role)s on template %(it)s were changed"),
    "Rights of role %(role)s on template ID %(id)s deleted":
        N_("The rights of the role %(role)s on template %(it)s were taken away"),
    "Drift of %(it)s opened: %(n)s to change (task ID %(task)s)":
        N_("%(it)s has drifted; to change: %(n)s (task #%(task)s)"),
    "Drift of %(it)s closed (task ID %(task)s)": N_("%(it)s is again as described (task #%(task)s)"),
    "Schedule ID %(id)s created": N_("Schedule %(it)s was created"),
    "Schedule ID %(id)s updated": N_("Schedule %(it)s was changed"),
    "Schedule ID %(id)s deleted": N_("Schedule %(it)s was deleted"),
    "Schedule ID %(id)s (%(it)s) deleted": N_("Schedule %(it)s was deleted"),
    "Schedule ID %(id)s (%(it)s) started nothing: %(reason)s": N_("Schedule %(it)s started nothing: %(reason)s"),
    "Schedule ID %(id)s (%(it)s) could not look for new commits: %(reason)s":
        N_("Schedule %(it)s could not look for new commits: %(reason)s"),
    "Freeze ID %(id)s (%(it)s) created": N_("Freeze %(it)s was created"),
    "Freeze ID %(id)s (%(it)s) updated": N_("Freeze %(it)s was changed"),
    "Freeze ID %(id)s (%(it)s) deleted": N_("Freeze %(it)s was deleted"),
    "Integration %(it)s created": N_("Integration %(it)s was created"),
    "Integration %(it)s updated": N_("Integration %(it)s was changed"),
    "Integration %(it)s deleted": N_("Integration %(it)s was deleted"),
    "Rules of integration %(it)s updated": N_("The rules of integration %(it)s were changed"),
    "Matcher %(it)s of integration ID %(id)s created": N_("Matcher %(it)s of an integration was created"),
    "Matcher %(it)s of integration ID %(id)s updated": N_("Matcher %(it)s of an integration was changed"),
    "Matcher %(it)s of integration ID %(id)s deleted": N_("Matcher %(it)s of an integration was deleted"),
    "Value %(it)s of integration ID %(id)s created": N_("Extracted value %(it)s of an integration was created"),
    "Value %(it)s of integration ID %(id)s updated": N_("Extracted value %(it)s of an integration was changed"),
    "Value %(it)s of integration ID %(id)s deleted": N_("Extracted value %(it)s of an integration was deleted"),
    "Address ID %(alias)s of integration ID %(id)s created": N_("Integration %(it)s got an address"),
    "Address ID %(alias)s of integration ID %(id)s updated": N_("An address of integration %(it)s was changed"),
    "Address ID %(alias)s of integration ID %(id)s deleted": N_("An address of integration %(it)s was deleted"),
    "Address ID %(alias)s of all integrations created": N_("The integrations got an address for all of them"),
    "Address ID %(alias)s of all integrations updated": N_("An address of all integrations was changed"),
    "Address ID %(alias)s of all integrations deleted": N_("An address of all integrations was deleted"),
    "Channel ID %(id)s (%(it)s) created": N_("Channel %(it)s was created"),
    "Channel ID %(id)s (%(it)s) updated": N_("Channel %(it)s was changed"),
    "Channel ID %(id)s (%(it)s) deleted": N_("Channel %(it)s was deleted"),
    "Channel ID %(id)s (%(it)s) was tested": N_("Channel %(it)s was tested"),
    "Channel ID %(id)s (%(it)s) is told again: notice %(notice)s":
        N_("Channel %(it)s is told again what it missed (notice %(notice)s)"),
    "Channel ID %(id)s (%(it)s) could not be told: %(reason)s":
        N_("Channel %(it)s could not be told: %(reason)s"),
    "Mapping for %(it)s created": N_("The login for host %(it)s was created"),
    "Mapping for %(it)s updated": N_("The login for host %(it)s was changed"),
    "Mapping for %(it)s deleted": N_("The login for host %(it)s was deleted"),
    "Host key of %(it)s (%(fingerprint)s) approved": N_("The host key of %(it)s was approved (%(fingerprint)s)"),
    "Host key of %(it)s (%(fingerprint)s) revoked": N_("The host key of %(it)s was revoked (%(fingerprint)s)"),
    "Host key of %(it)s (%(fingerprint)s) deleted": N_("The host key of %(it)s was deleted (%(fingerprint)s)"),
    "Host key of %(it)s (%(fingerprint)s) learned": N_("The host key of %(it)s was learned (%(fingerprint)s)"),
    "Host key of %(it)s (%(fingerprint)s) waits for approval":
        N_("The host key of %(it)s waits for approval (%(fingerprint)s)"),
    "Terraform alias ID %(id)s created": N_("A Terraform state got the address no. %(id)s"),
    "Terraform alias ID %(id)s updated": N_("The address no. %(id)s of a Terraform state was changed"),
    "Terraform alias ID %(id)s deleted": N_("The address no. %(id)s of a Terraform state was deleted"),
    "Terraform state %(id)s deleted": N_("Version %(id)s of a Terraform state was deleted"),
    "Terraform state %(id)s written with serial %(serial)s by %(who)s":
        N_("Version %(id)s of a Terraform state was written through %(who)s, serial %(serial)s"),
    "Terraform state %(id)s removed by %(who)s":
        N_("A Terraform state was removed through %(who)s (version %(id)s)"),
    "Lock %(lock)s of a Terraform state released by force through %(who)s":
        N_("The lock %(lock)s of a Terraform state was released by force through %(who)s"),
    "Terraform state %(id)s with serial %(serial)s made by going back to %(wanted)s":
        N_("A Terraform state went back to version %(wanted)s: version %(id)s, serial %(serial)s"),
    "Lock of a Terraform state, held by %(who)s, released by force: %(note)s":
        N_("The lock of a Terraform state, held by %(who)s, was released by force: %(note)s"),
    "Secret storage %(it)s has been created": N_("Secret storage %(it)s was created"),
    "Secret storage %(it)s has been deleted": N_("Secret storage %(it)s was deleted"),
    "Secret storage with ID %(id)s has been updated": N_("A secret storage was changed (no. %(id)s)"),
}  # fmt: skip

PEOPLE: Final[Mapping[str, str]] = {
    "User ID %(id)s added to team": N_("%(it)s joined the team"),
    "User ID %(id)s removed from team": N_("%(it)s left the team"),
    "Changed role for User ID %(id)s": N_("%(it)s got another role in the team"),
    "Invite ID %(id)s created": N_("An invitation was sent (no. %(id)s)"),
    "Invite ID %(id)s renewed": N_("An invitation was renewed (no. %(id)s)"),
    "Invite ID %(id)s accepted": N_("An invitation was accepted (no. %(id)s)"),
    "Invite ID %(id)s deleted": N_("An invitation was deleted (no. %(id)s)"),
    "Role %(it)s created": N_("Role %(it)s was created"),
    "Role %(it)s updated": N_("Role %(it)s was changed"),
    "Role %(it)s deleted": N_("Role %(it)s was deleted"),
    "User %(it)s created": N_("User %(it)s was created"),
    "User %(it)s updated": N_("User %(it)s was changed"),
    "User %(it)s deleted": N_("User %(it)s was deleted"),
    "User %(it)s let in again": N_("User %(it)s was let in again"),
    "User %(it)s shut out: %(reason)s": N_("User %(it)s was shut out: %(reason)s"),
    "Service account %(it)s switched off": N_("Service account %(it)s was switched off"),
    "Signed in": N_("Signed in"),
    "Signed in; the second factor is owed": N_("Signed in; the second factor is owed"),
    "Sign-in failed": N_("Sign-in failed"),
    "Sign-in failed for a name that nobody has": N_("Sign-in failed for a name that nobody has"),
    "Signed out": N_("Signed out"),
    "Signed out in another place": N_("Signed out in another place"),
    "Signed out in all other places": N_("Signed out in all other places"),
    "Second factor set up": N_("The second factor of %(it)s was set up"),
    "Second factor enabled": N_("The second factor of %(it)s was switched on"),
    "Second factor disabled": N_("The second factor of %(it)s was switched off"),
    "Recovery codes renewed": N_("The recovery codes of %(it)s were renewed"),
    "Recovery code used": N_("A recovery code of %(it)s was used"),
    "Password changed": N_("The password of %(it)s was changed"),
    "Sign-in through %(name)s added": N_("%(it)s can sign in through %(name)s"),
    "Sign-in through %(name)s removed": N_("%(it)s cannot sign in through %(name)s any more"),
    "Rights by groups of %(name)s changed": N_("The groups of %(name)s changed the rights of %(it)s"),
    "API token %(name)s created": N_("API token %(name)s was created"),
    "API token %(name)s deleted": N_("API token %(name)s was deleted"),
    "%(count)s API tokens ended": N_("API tokens ended: %(count)s"),
}  # fmt: skip

HUB: Final[Mapping[str, str]] = {
    "Project created": N_("The project was created"),
    "Project updated": N_("The settings of the project were changed"),
    "Project restored": N_("The project was restored from a backup"),
    "Project copied as %(name)s": N_("The project was copied as %(name)s"),
    "Project copied as %(name)s with its secrets": N_("The project was copied as %(name)s, with its secrets"),
    "Project %(name)s deleted": N_("Project %(name)s was deleted"),
    "Backup restored": N_("A backup was restored into the project"),
    "Backup with secrets made": N_("A backup with secrets was made"),
    "Checking of host keys set to %(policy)s": N_("The checking of host keys was set to: %(policy)s"),
    "Retention removed %(tasks)s tasks, and of tasks that stay %(logs)s logs":
        N_("Retention removed old tasks (%(tasks)s) and logs of tasks that stay (%(logs)s)"),
    "Cache cleared": N_("The cache was cleared"),
    "Option %(name)s set": N_("The option %(name)s was set"),
    "App %(name)s changed": N_("App %(name)s was changed"),
    "App %(name)s deleted": N_("App %(name)s was deleted"),
    "Runner %(it)s created": N_("Runner %(it)s was created"),
    "Runner %(it)s updated": N_("Runner %(it)s was changed"),
    "Runner %(it)s deleted": N_("Runner %(it)s was deleted"),
    "Runner %(it)s registered": N_("Runner %(it)s registered itself"),
    "Runner %(it)s unregistered": N_("Runner %(it)s took itself off"),
    "Worker %(name)s takes no new tasks": N_("Worker %(name)s takes no new tasks"),
    "Worker %(name)s takes tasks again": N_("Worker %(name)s takes tasks again"),
    "The database did not answer %(node)s for %(n)s s; it does again":
        N_("The database did not answer %(node)s for %(n)s s; it does again"),
    "The queue did not answer %(node)s for %(n)s s; it does again":
        N_("The queue did not answer %(node)s for %(n)s s; it does again"),
    "The database had no room for what %(node)s wrote for %(n)s s; it has room again":
        N_("The database had no room for what %(node)s wrote for %(n)s s; it has room again"),
    "The database took nothing that %(node)s wrote for %(n)s s; it does again":
        N_("The database took nothing that %(node)s wrote for %(n)s s; it does again"),
    "The queue lost what it held; what was not begun yet was sent to the workers again":
        N_("The queue lost what it held; what was not begun yet was sent to the workers again"),
    "The clock of %(node)s jumped forward by %(n)s s; no task was ended for it":
        N_("The clock of %(node)s jumped forward by %(n)s s; no task was ended for it"),
    "The clock of %(node)s jumped back by %(n)s s; no task was ended for it":
        N_("The clock of %(node)s jumped back by %(n)s s; no task was ended for it"),
    "The database was brought up to %(name)s by %(node)s":
        N_("The database was brought up to %(name)s by %(node)s"),
    "Server %(name)s was killed, or cut off: it was not heard of for %(n)s s":
        N_("Server %(name)s was killed, or cut off: it was not heard of for %(n)s s"),
}  # fmt: skip

SENTENCES: Final[Mapping[str, str]] = {**TASKS, **RESOURCES, **PEOPLE, **HUB}

KINDS: Final[Mapping[str, str]] = {
    "app": N_("Apps"), "cache": N_("Caches"), "channel": N_("Channels"), "environment": N_("Variable groups"),
    "freeze": N_("Freezes"), "host_config": N_("Logins for hosts"), "integration": N_("Integrations"),
    "integrationextractvalue": N_("Extracted values"), "integrationmatcher": N_("Matchers"),
    "inventory": N_("Inventories"), "invite": N_("Invitations"), "key": N_("Keys"), "known_host": N_("Known hosts"),
    "option": N_("Options"), "project": N_("Projects"), "repository": N_("Repositories"), "role": N_("Roles"),
    "runner": N_("Runners"), "schedule": N_("Schedules"), "session": N_("Sign-ins"), "system": N_("The hub itself"),
    "task": N_("Tasks"), "template": N_("Templates"),
    "terraform_inventory_alias": N_("Addresses of Terraform states"), "terraform_state": N_("Terraform states"),
    "token": N_("API tokens"), "user": N_("People"), "view": N_("Views"), "worker": N_("Workers"),
}  # fmt: skip
"""What events are about, for the filter."""
