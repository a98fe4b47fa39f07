"""Texts that people read on pages but that are written where gettext is not known: by plugins that the hub brings."""

from __future__ import annotations

from typing import Final

from hub.web.i18n import N_

KEY_STORE: Final = (
    N_("None"), N_("No credentials at all."), N_("Secret text"), N_("A token or any other secret text."),
    N_("Login with password"), N_("SSH key"), N_("String"), N_("Login"), N_("Password"), N_("Passphrase"),
    N_("Private key"), N_("The secret, kept exactly as it is entered."),
    N_("User name. Leave it empty where a password or token alone is asked for."), N_("Password or token."),
    N_("User name on the other machine. Empty means the tool's own default."),
    N_("Passphrase of the private key, if it has one."), N_("The whole file, in OpenSSH or PEM format."),
    N_("Environment variable"), N_("File"), N_("Disk"),
    N_("A login must not begin with a dash and must be a single line. Correct the login."),
    N_("A login needs its password. Enter the password too."),
    N_("An SSH key needs its private key. Paste the private key too."),
)  # fmt: skip
"""Built-in types of key and places for secrets."""

PLUGINS: Final = (
    N_("The four types of key that every hub has: none, a secret text, a login with a password, and an SSH key."),
    N_("Secrets that the machine already has: environment variables and mounted files, both read only."),
    N_("Large files in a folder on a disk."), N_("Runs Ansible playbooks in Automation Hub."),
    N_("Runs Bash, Python and PowerShell scripts in Automation Hub."),
)  # fmt: skip
"""Summaries on the Plugins page."""
