"""An automation hub: runs Ansible, Terraform, shell and Python from git repositories."""

__version__ = "0.1.0"
