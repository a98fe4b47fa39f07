"""What the demo project's repository holds: small programs that need no network and show what a hub does."""

from __future__ import annotations

_README = """\
# Demo

Programs of the demo project. The hub wrote this repository itself; change it as you like, and run the templates again.
"""

_PING = """\
---
- name: Ping localhost
  hosts: all
  gather_facts: false
  vars:
    steps:
      - Looking around
      - Counting to three
      - Nearly there
  tasks:
    - name: Ping
      ansible.builtin.ping:

    - name: Work step by step
      ansible.builtin.command:
        argv: [echo, "{{ item }}"]
      changed_when: true
      loop: "{{ steps }}"
      loop_control:
        pause: 3

    - name: Skip what is not needed
      ansible.builtin.debug:
        msg: This is never shown.
      when: false

    - name: Say who asked
      ansible.builtin.debug:
        msg: "Hello from {{ inventory_hostname }}, on behalf of {{ team | default('nobody') }}."
"""

_SYSTEM_INFO = """\
#!/usr/bin/env bash
set -euo pipefail

title() { printf '\\n\\033[1;36m%s\\033[0m\\n' "$1"; }

title "System"
uname -a

title "Uptime"
uptime 2>/dev/null || cut -d ' ' -f 1 /proc/uptime

title "Disk"
df -h . | sed 's/^/  /'

title "Memory"
free -h 2>/dev/null || echo "  unknown"

printf '\\n\\033[32mDone.\\033[0m\\n'
"""

_GREET = '''\
"""Greets somebody. The hub gives the answers of the survey as environment variables."""

import os
import time

STYLES = {"plain": "{}", "friendly": "\\033[32m{} :-)\\033[0m", "loud": "\\033[1;31m{}!\\033[0m"}

who = os.environ.get("who", "world")
times = int(os.environ.get("times") or 1)
style = os.environ.get("style", "plain")
token = os.environ.get("token", "")

for number in range(times):
    print(STYLES.get(style, "{}").format(f"Hello, {who}"), flush=True)
    time.sleep(0.5)

if token:
    print(f"Your token has {len(token)} characters. The log never shows it: {token}")
'''

_BUILD = """\
#!/usr/bin/env bash
set -euo pipefail

version="${SEMAPHORE_TASK_TARGET_VERSION:-unknown}"
echo "Building version $version"
for step in compile test package; do
  printf '\\033[33m%-8s\\033[0m' "$step"
  sleep 1
  printf ' \\033[32mok\\033[0m\\n'
done
echo "Built version $version"
"""

_DEPLOY = """\
#!/usr/bin/env bash
set -euo pipefail

version="${SEMAPHORE_TASK_INCOMING_VERSION:-}"
if [ -z "$version" ]; then
  echo "Choose a build to deploy." >&2
  exit 1
fi
echo "Deploying version $version"
sleep 2
printf '\\033[32mVersion %s is live.\\033[0m\\n' "$version"
"""

_INFRASTRUCTURE = """\
# Needs no provider and no network: terraform_data is built in. Where the state is kept is an argument of the template.
terraform {
  backend "local" {}
}

variable "team" {
  type    = string
  default = "nobody"
}

variable "servers" {
  type = map(number)
  default = {
    web      = 2
    database = 1
  }
}

resource "terraform_data" "server" {
  for_each = var.servers
  input = {
    team  = var.team
    count = each.value
  }
}

output "servers" {
  value = { for name, server in terraform_data.server : name => server.output.count }
}
"""

FILES = {
    "README.md": _README,
    "ping.yml": _PING,
    "system_info.sh": _SYSTEM_INFO,
    "greet.py": _GREET,
    "build.sh": _BUILD,
    "deploy.sh": _DEPLOY,
    "infrastructure/main.tf": _INFRASTRUCTURE,
}
"""Path below the repository's root, and text."""
