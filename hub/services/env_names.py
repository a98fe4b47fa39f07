"""Names of environment variables that whoever starts a task must not set: each would change which program runs, as
whom, or what it loads, and not what the task is told.
"""

from __future__ import annotations

import re

_NAMES = frozenset({
    "PATH", "HOME", "PWD", "OLDPWD", "SHELL", "USER", "LOGNAME", "TMPDIR", "TMP", "TEMP", "IFS", "ENV", "BASH_ENV",
    "BASHOPTS", "SHELLOPTS", "PROMPT_COMMAND", "PS4", "CDPATH", "GLOBIGNORE", "EDITOR", "VISUAL", "PAGER", "BROWSER",
    "LESSOPEN", "LESSCLOSE", "PERL5LIB", "PERL5OPT", "PERLLIB", "PERL5DB", "RUBYOPT", "RUBYLIB", "NODE_OPTIONS",
    "NODE_PATH", "JAVA_TOOL_OPTIONS", "_JAVA_OPTIONS", "JDK_JAVA_OPTIONS", "CLASSPATH", "OPENSSL_CONF",
    "OPENSSL_MODULES", "OPENSSL_ENGINES", "NLSPATH", "LOCPATH", "GCONV_PATH", "HOSTALIASES", "RESOLV_HOST_CONF",
    "TERMINFO", "TERMINFO_DIRS", "VIRTUAL_ENV", "PSMODULEPATH", "ZDOTDIR", "TF_LOG_PATH", "TF_DATA_DIR",
    "TF_REATTACH_PROVIDERS", "DOCKER_HOST", "DOCKER_CONFIG", "KUBECONFIG",
})  # fmt: skip
_PREFIXES = (
    "LD_", "DYLD_", "GIT_", "HUB_", "SEMAPHORE_", "SSH_", "ANSIBLE_", "PYTHON", "PIP_", "UV_", "TF_CLI_",
    "TF_HTTP_", "TF_PLUGIN_", "BASH_FUNC_", "MALLOC_", "GLIBC_", "XDG_", "NPM_CONFIG_",
)  # fmt: skip
_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_]*", re.ASCII)


def may_be_set(name: str) -> bool:
    """Tell whether a person who starts a task may choose the value of this environment variable."""
    upper = name.upper()
    return bool(_NAME.fullmatch(name)) and upper not in _NAMES and not upper.startswith(_PREFIXES)
