"""Reading what must not stand in a command line, where every process of the machine can see it."""

from __future__ import annotations

import sys

import click

password_stdin_option = click.option(
    "--password-stdin", is_flag=True, help="Read the password from the first line of standard input."
)


def read_password(*, from_stdin: bool) -> str:
    """Ask for a password twice, or read it from a pipe."""
    if from_stdin:
        password = sys.stdin.readline().rstrip("\r\n")
        if not password:
            raise click.UsageError("Standard input holds no password.")
        return password
    if not sys.stdin.isatty():
        raise click.UsageError("There is no terminal to ask for the password; use --password-stdin.")
    answer: str = click.prompt("Password", hide_input=True, confirmation_prompt="Once more")
    return answer
