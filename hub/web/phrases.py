"""Texts that people read on pages, written where gettext is not known: in services and in our own plugins."""

from __future__ import annotations

from typing import Final

from hub.web.i18n import N_

SERVICES: Final = (
    N_("The name or the password is wrong."), N_("Sign in first."),
    N_("Access Key is in use by one or more templates"), N_("Inventory is in use by one or more templates"),
    N_("Environment is in use by one or more templates"), N_("Repository is in use by one or more templates"),
    N_("Template is in use by one or more templates"),
    N_("This is not valid YAML."), N_("This is not valid JSON."),
    N_("A group must look like [name], [name:vars] or [name:children]."),
    N_("After the name of a group can come :vars or :children, nothing else."),
    N_("A variable is expected here, such as name=value."), N_("A quotation mark is opened and not closed."),
    N_("Below :children stands the name of one group on each line."),
    N_("After the name of a host come variables such as name=value."),
    N_("the marker %(marker)s is not known"), N_("it needs a host, a type of key and the key"),
    N_("its host is hashed, so nobody could read whose key it is; write the name itself"),
    N_("exceptions (“!”) are not supported; name the hosts that the key is for"),
    N_("the host must be a name, an address or a pattern, or [name]:port"),
    N_("the key cannot be read; it must be the public key of a host, in OpenSSH's format"),
)  # fmt: skip
"""Sentences of services that stand in constants."""

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
    N_("An SSH key needs its private key. Paste the private key too."), N_("Certificate"),
    N_("Certificate of this key (`…-cert.pub`), where servers trust an authority instead of single keys."),
    N_("This is not a certificate of an SSH key that the hub can read. Paste the whole line of the file “…-cert.pub”, "
       "which begins with a name such as ssh-ed25519-cert-v01@openssh.com."),
    N_("This certificate is for a host, not for signing in. Let the authority sign the key for a user."),
    N_("This certificate belongs to another key. Paste the one that was made for this private key."),
)  # fmt: skip
"""Built-in types of key and places for secrets."""

DEPENDENCIES: Final = (
    N_("Dependencies"), N_("Requirements"), N_("Interpreter"),
    N_("File of the repository with the packages that the script needs. When empty, that is `requirements.txt` or "
       "`pyproject.toml` beside the script or at the root; `-` installs nothing."),
    N_("Interpreter, such as `python3.12`, where several are installed; the usual one when empty."),
    N_("write the name of an interpreter, such as python3.12"), N_("Ansible"), N_("Ansible version"),
    N_("Version of ansible-core, such as `2.17.*`, `2.17.5` or `>=2.16,<2.18`; the worker's own when empty. Each "
       "version is installed once on a worker, and they stand side by side."),
    N_("write a version such as 2.17.5, 2.17.* or >=2.16,<2.18"), N_("Ansible packages"),
    N_("Further Python packages, such as `jmespath` or `netaddr>=1.0`."), N_("Ansible requirements"),
    N_("File of the repository with further Python packages, such as `requirements.txt`."),
    N_("Collection requirements"), N_("Also install the Python packages that collections say they need."),
    N_("Interpreter to install them for, such as `python3.12`; the one that the hub runs with when empty."),
    N_("Galaxy server"),
    N_("Server to install collections from, such as `https://hub.example.org/api/galaxy/`; asked before those of "
       "ansible.cfg."),
    N_("write a whole address such as https://hub.example.org/api/galaxy/"),
    N_("leave the login out of the address; a token belongs into the key store"),
    N_("Galaxy server token"), N_("Token for that server."), N_("Token address"),
    N_("Address where the token is exchanged for one that the server takes, as Red Hat's Automation Hub wants it."),
    N_("Public Galaxy too"), N_("Ask galaxy.ansible.com for what that server does not have."),
)  # fmt: skip
"""What scripts and playbooks need, and where it comes from."""

PLUGINS: Final = (
    N_("The four types of key that every hub has: none, a secret text, a login with a password, and an SSH key."),
    N_("Secrets that the machine already has: environment variables and mounted files, both read only."),
    N_("Large files in a folder on a disk."), N_("Runs Ansible playbooks in Automation Hub."),
    N_("Runs scripts of Bash, sh, Python, PowerShell, Node.js and your own apps in Automation Hub."),
    N_("Previews and applies Pulumi programs in Automation Hub."),
    N_("Senders of webhooks that every hub understands: three forges, and anybody with HMAC, a token or a login."),
    N_("Signs people in to Automation Hub from an LDAP directory."),
    N_("Tells people what happens in Automation Hub: by e-mail, in chats, and to other programs."),
    N_("Signs people in to Automation Hub through OpenID Connect."),
    N_("Plans and applies Terraform, OpenTofu and Terragrunt in Automation Hub."),
)  # fmt: skip
"""Summaries on the Plugins page."""

SCRIPTS: Final = (
    N_("Script"), N_("Playbook"), N_("Variables"), N_("Both"), N_("As arguments NAME=value"),
    N_("As environment variables"),
    N_("How the script gets its variables. Secret ones are always environment variables and never arguments."),
)  # fmt: skip
"""Options of the plugin for scripts."""

ANSIBLE: Final = (
    N_("Prompts"), N_("Privileges"), N_("Galaxy"), N_("Allow debug"), N_("Let a task ask for verbose output."),
    N_("Allow override inventory"), N_("Let a task use another inventory."), N_("Allow override limit"),
    N_("Let a task replace the limit."), N_("Allow override tags"), N_("Let a task replace the tags."),
    N_("Allow override skip tags"), N_("Let a task replace the skipped tags."), N_("Limit"),
    N_("Hosts and groups to run on; all of the inventory when empty."), N_("Tags"),
    N_("Run only tasks with one of these tags."), N_("Skip tags"), N_("Leave out tasks with one of these tags."),
    N_("Become"), N_("Run with raised privileges (`--become`), whatever the playbook says."), N_("Become method"),
    N_("How privileges are raised, such as `sudo`, `su` or `doas`; Ansible's own choice when empty."),
    N_("Become user"),
    N_("Who to become, instead of the login of the inventory's become key. What the inventory itself says wins."),
    N_("Become flags"),
    N_("Options for the program that raises privileges, such as `-H -S`; Ansible's own choice when empty."),
    N_("Become exe"),
    N_("Another program that raises privileges, such as `/usr/local/bin/sudo`; Ansible's own choice when empty."),
    N_("Connection"), N_("Jump host"),
    N_("Reach the hosts through this one: `user@host:port`, several with commas between. What ansible.cfg or the "
       "inventory says of a ProxyCommand or ProxyJump wins."),
    N_("Jump key"), N_("The SSH key for the jump hosts; the user key of the inventory when empty."),
    N_("Template extra vars"),
    N_("Evaluate templates (`{{ … }}`) in variables. Whoever may set a variable, such as a survey answer, can then run "
       "commands on the worker. Secrets and the facts of the task are never evaluated."),
    N_("Galaxy args"), N_("Further arguments for `ansible-galaxy … install`, such as `--pre` or `--server`."),
    N_("Galaxy max age"),
    N_("Install requirements anew after this time, for requirements without a fixed version; 0 keeps them until the "
       "requirements file changes."),
    N_("Debug"), N_("Write verbose output."), N_("Debug level"), N_("How verbose, from 1 to 6."), N_("Dry run"),
    N_("Only say what would change (`--check`)."), N_("Diff"), N_("Show how files change (`--diff`)."),
    N_("Hosts and groups to run on, instead of the template's; an empty list means all."),
    N_("Tags to run, instead of the template's; an empty list means all."),
    N_("Tags to leave out, instead of the template's; an empty list means none."), N_("Skip galaxy install"),
    N_("Run on these hosts only, of those that it would run on anyway; on all of them when empty."),
    N_("Do not install roles and collections of requirements files."), N_("Hosts"), N_("Lock hosts"),
    N_("Let no other task of the project that says so too touch the same hosts meanwhile; tasks wait for each other."),
    N_("Use cached facts"),
    N_("Give plays what hosts have told in earlier runs as cached facts, so that plays that gather none know them."),
)  # fmt: skip
"""Options of the plugin for Ansible."""

INVENTORIES: Final = (
    N_("From an address"), N_("From a command"), N_("Address"), N_("Format"), N_("Key"), N_("Header"),
    N_("Further headers"), N_("Time limit"), N_("Program"), N_("Arguments"), N_("Variable"),
    N_("Address of the inventory; it must begin with `https://`."),
    N_("How it is written. JSON is what `ansible-inventory --list` and inventory scripts print."),
    N_("Login, or token, with which to ask for it."),
    N_("Header for a token. `Authorization` gets it behind the word `Bearer`, any other as it is."),
    N_("Each as `Name: value`. Whoever may read the inventory reads them."), N_("How long the server may take."),
    N_("An executable file of the repository, such as `inventories/hosts.py`, or the name of an installed program. "
       "What it prints is the inventory."),
    N_("Each is given to the program as it is; there is no shell."),
    N_("What it prints. JSON is that of inventory scripts asked with `--list`."),
    N_("A secret that the program needs."), N_("Environment variable in which the program finds the secret."),
    N_("Write an address that begins with https://"),
    N_("Choose a key for the login, instead of writing it into the address"),
    N_("Write each header as “Name: value”"),
    N_("Write a path inside the repository, such as inventories/hosts.py, or the name of a program"),
)  # fmt: skip
"""Sources of inventories."""

TERRAFORM: Final = (
    N_("Approval"), N_("State"), N_("Allow destroy"), N_("Allow auto approve"), N_("Auto approve"),
    N_("Let a task destroy everything that the configuration made."), N_("Let a task apply its plan without asking."),
    N_("Apply every plan without asking."), N_("Override backend"),
    N_("Keep the state with the hub, whatever backend the configuration names; with `TF_HTTP_ADDRESS` in the variable "
       "group, at that address. The hub adds an override file to the task's own copy of the repository; your files "
       "stay as they are."),
    N_("Lock timeout"), N_("How long to wait for the lock of the state when somebody else holds it."), N_("Plan"),
    N_("Drift"), N_("Look for drift: plan, change nothing, and note what differs from the configuration."),
    N_("Look for drift: only say what would change (`--check --diff`), and note which hosts differ."),
    N_("Only plan; change nothing."), N_("Destroy"), N_("Destroy everything that the configuration made (`-destroy`)."),
    N_("Apply the plan without asking."), N_("Upgrade"), N_("Reconfigure"),
    N_("Take the newest providers and modules that fit (`-upgrade`)."),
    N_("Forget what was known of the backend (`-reconfigure`)."),
)  # fmt: skip
"""Params of our plugin for Terraform."""

LEFT: Final = (
    N_("Artifacts"),
    N_("Files to keep when the script has ended, well or not: patterns below the working directory, such as "
       "`dist/*.whl`, `reports/**/*.xml` or `build`. People download them from the task's page. Links are "
       "not followed."),
    N_("Bring artifacts"),
    N_("Bring the artifacts of the build into a folder, named by `HUB_INPUT_FILES`. For templates that "
       "deploy a build."),
    N_("Shell"),
)  # fmt: skip
"""Options of the plugin for scripts about what they leave."""

PULUMI: Final = (
    N_("Stack"),
    N_("Stack, such as `prod` or `acme/shop/prod`. An inventory of the type “Pulumi stack” wins over it."),
    N_("Create stack"),
    N_("Make the stack when there is none of that name yet."),
    N_("Install"),
    N_("Install what the program needs first: packages of its language, and plugins (`pulumi install`)."),
    N_("Refresh"),
    N_("Look at what is really there before each preview (`--refresh`)."),
    N_("Backend"),
    N_("Where the state is: `s3://…`, `azblob://…`, `gs://…`, `https://…` or `file://…`; empty for Pulumi "
       "Cloud, or for what `PULUMI_BACKEND_URL` of the variable group says."),
    N_("Access token"),
    N_("Access token of Pulumi Cloud or of a backend of your own."),
    N_("Passphrase of the stack's secrets, where no cloud keeps them."),
    N_("Saved plan"),
    N_("Save the preview as an update plan, and let `up` do what is in it and nothing else. Pulumi calls it "
       "experimental. Without it the preview is made again after the confirmation, and has to be the same."),
    N_("Apply every preview without asking."),
    N_("Let a task apply its preview without asking."),
    N_("Let a task destroy everything that the stack has."),
    N_("What to do with the stack. Destroying needs the template's leave."),
    N_("Update (up)"),
    N_("Refresh the state"),
    N_("Preview"),
    N_("Only preview; change nothing."),
    N_("Look for drift: preview an update with `--refresh`, change nothing, and note what differs."),
    N_("Apply the preview without asking."),
)  # fmt: skip
"""Params of our plugin for Pulumi."""

NOTIFIERS: Final = (
    N_("E-mail"), N_("Recipients"), N_("Addresses that always get it."), N_("Also to people who wish alerts"),
    N_("Members of the project, and administrators, who wish alerts (a switch in everybody's account)."), N_("Sender"),
    N_("Address that it comes from."), N_("Mail server"), N_("Name of the SMTP server."), N_("Port"),
    N_("Usually 587 with STARTTLS, 465 with TLS, 25 without either."), N_("Encryption"),
    N_("The server's certificate is always checked."), N_("TLS from the first byte"),
    N_("None (only within one's own network)"), N_("Username"), N_("User name, where the server asks for one."),
    N_("Password"), N_("Its password."), N_("Secret address"),
    N_("Address of the incoming webhook, as Slack shows it; whoever knows it can write there."),
    N_("Address of the workflow “Post to a channel when a webhook request is received”; whoever knows it can write."),
    N_("Token"), N_("Token of the bot, as BotFather gave it."), N_("Chat"),
    N_("Id of the chat, or `@name` of a public channel. A project may name another one in its settings."),
    N_("Thread"), N_("Topic within the chat, where it has topics."), N_("Server"),
    N_("Another server of the Bot API, if you run your own."),
    N_("Address of the incoming webhook, as Mattermost shows it; whoever knows it can write there."), N_("Channel"),
    N_("Channel to write to, where the webhook is not locked to one."),
    N_("Address of the incoming webhook, as Rocket.Chat shows it; whoever knows it can write there."),
    N_("Channel or user to write to, with the leading `#` or `@`, where it is not the webhook's own."),
    N_("Address of the webhook, as Discord shows it; whoever knows it can write there."),
    N_("Address of the robot, with its access token; whoever knows it can write there."), N_("Signing secret"),
    N_("What messages are signed with, where the robot's safety settings ask for a signature."),
    N_("Address of your Gotify, such as `https://push.example.com`."),
    N_("Token of the application that messages come from."), N_("Topic"),
    N_("Topic to publish to. On a public server, whoever guesses it can read along."),
    N_("Access token, where the server asks for one."), N_("Another server, if you run your own."),
    N_("Integration key"), N_("Integration key of the service (Events API v2)."), N_("Severity"),
    N_("How severe every incident is."), N_("As the hub sees it"), N_("Critical"), N_("Error"), N_("Warning"),
    N_("Info"), N_("`https://events.eu.pagerduty.com` for accounts in the European region."), N_("Webhook"),
    N_("Address"), N_("Where the request goes."), N_("Method"), N_("How it is sent."),
    N_("What requests are signed with: header `X-Hub-Signature`."), N_("Authorization"),
    N_("Value of the header `Authorization`, such as `Bearer …`."), N_("Headers"),
    N_("More headers, each as `Name: value`; nothing secret."), N_("write an address such as hub@example.com"),
    N_("write an address, or send to members who wish alerts"), N_("write each header as `Name: value`"),
    N_("a password is not sent without encryption; choose STARTTLS or TLS"),
    N_("write an address such as https://push.example.com, without a name or password"),
)  # fmt: skip
"""What the notifiers of our own plugin want to know."""
