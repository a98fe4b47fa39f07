"""Real git for tests: repositories, a server over http(s) with logins, and a server over ssh with keys."""

from __future__ import annotations

import base64
import getpass
import os
import shutil
import socket
import ssl
import subprocess
import threading
import time
from collections.abc import Sequence
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import TracebackType
from typing import Self
from urllib.parse import urlsplit

from hub.testing.ports import free_port

_START = 10.0
_IDENTITY = {
    "GIT_AUTHOR_NAME": "Test",
    "GIT_AUTHOR_EMAIL": "test@example.org",
    "GIT_COMMITTER_NAME": "Test",
    "GIT_COMMITTER_EMAIL": "test@example.org",
    "GIT_CONFIG_NOSYSTEM": "1",
    "GIT_CONFIG_GLOBAL": os.devnull,
    "GIT_ALLOW_PROTOCOL": "file:https:http:ssh:git",
    "LC_ALL": "C.UTF-8",
}


def git(folder: Path, *arguments: str) -> str:
    """Run git as a developer would, away from the machine's configuration, and return what it prints."""
    env = {"PATH": os.environ["PATH"], "HOME": str(folder)} | _IDENTITY
    done = subprocess.run(["git", *arguments], cwd=folder, env=env, capture_output=True, check=False)
    if done.returncode:
        raise RuntimeError(f"git {' '.join(arguments)}: {done.stderr.decode(errors='replace')}")
    return done.stdout.decode(errors="replace").strip()


class Repository:
    """A developer's repository."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.mkdir(parents=True)
        git(path, "init", "--quiet", "--initial-branch=main")

    def commit(self, message: str = "Change it", **files: str) -> str:
        """Write files (dots in names as `__`), commit, and return the hash."""
        for name, text in files.items():
            file = self.path / name.replace("__", ".")
            file.parent.mkdir(parents=True, exist_ok=True)
            file.write_text(text)
        git(self.path, "add", "--all")
        git(self.path, "commit", "--quiet", "--allow-empty", "--allow-empty-message", "--message", message)
        return self.run("rev-parse", "HEAD")

    def run(self, *arguments: str) -> str:
        """Run git in the repository."""
        return git(self.path, *arguments)


class GitHttpServer:
    """`git http-backend` over http or https on loopback, below `root`, with basic authentication when asked for."""

    def __init__(self, root: Path, *, login: str = "", password: str = "", tls: ssl.SSLContext | None = None) -> None:
        self.root = root
        self.failures = 0
        """So many of the next requests are answered with 503."""
        self.requests: list[str] = []
        self._wanted = base64.b64encode(f"{login}:{password}".encode()).decode() if login or password else ""
        self._server = ThreadingHTTPServer(("127.0.0.1", 0), self._answers())
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self._scheme = "http" if tls is None else "https"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)

    @property
    def url(self) -> str:
        """The address of `root`."""
        return f"{self._scheme}://127.0.0.1:{self._server.server_port}"

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def allows(self, given: str | None) -> bool:
        """Tell whether a request with this Authorization header may pass."""
        return not self._wanted or given == f"Basic {self._wanted}"

    def _answers(self) -> type[BaseHTTPRequestHandler]:
        server = self

        class Answers(BaseHTTPRequestHandler):
            def do_GET(self) -> None:
                server.requests.append(self.path)
                if server.failures > 0:
                    server.failures -= 1
                    self.send_error(503)
                elif not server.allows(self.headers.get("Authorization")):
                    self.send_response(401)
                    self.send_header("WWW-Authenticate", 'Basic realm="git"')
                    self.send_header("Content-Length", "0")
                    self.end_headers()
                else:
                    self._pass_on()

            do_POST = do_GET  # noqa: N815 - the name that the library calls

            def _pass_on(self) -> None:
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                done = subprocess.run(
                    ["git", "http-backend"], input=body, env=self._cgi(), capture_output=True, check=False
                )
                head, _, content = done.stdout.partition(b"\r\n\r\n")
                fields = [line.split(": ", 1) for line in head.decode().split("\r\n") if ": " in line]
                status = next((value for name, value in fields if name == "Status"), "200 OK")
                self.send_response(int(status.split(" ", 1)[0]))
                for name, value in fields:
                    if name not in {"Status", "Content-Length"}:
                        self.send_header(name, value)
                self.send_header("Content-Length", str(len(content)))
                self.end_headers()
                self.wfile.write(content)

            def _cgi(self) -> dict[str, str]:
                place = urlsplit(self.path)
                return _IDENTITY | {
                    "PATH": os.environ["PATH"],
                    "GIT_PROJECT_ROOT": str(server.root),
                    "GIT_HTTP_EXPORT_ALL": "1",
                    "REQUEST_METHOD": self.command,
                    "PATH_INFO": place.path,
                    "QUERY_STRING": place.query,
                    "CONTENT_TYPE": self.headers.get("Content-Type", ""),
                    "HTTP_CONTENT_ENCODING": self.headers.get("Content-Encoding", ""),
                    "GIT_PROTOCOL": self.headers.get("Git-Protocol", ""),
                }

            def log_message(self, format: str, *args: object) -> None:  # noqa: A002 - the library's name
                """Say nothing."""

        return Answers


def sshd_program() -> str | None:
    """Return the ssh server of this machine, or `None` when there is none."""
    return shutil.which("sshd") or shutil.which("sshd", path="/usr/sbin:/usr/local/sbin")


def make_ssh_key(path: Path, passphrase: str = "", *, kind: str = "ed25519") -> Path:
    """Make a key pair and return the path of its private half."""
    subprocess.run(["ssh-keygen", "-q", "-t", kind, "-N", passphrase, "-f", str(path)], check=True)
    return path


def sign_ssh_key(key: Path, authority: Path, *names: str, valid: str = "+1h", options: Sequence[str] = ()) -> Path:
    """Let an authority sign the public half of a key for users of these names; return the certificate's path."""
    words = ["ssh-keygen", "-q", "-s", str(authority), "-I", "made for a test", "-n", ",".join(names), "-V", valid]
    subprocess.run([*words, *options, str(key.with_name(f"{key.name}.pub"))], check=True)
    return key.with_name(f"{key.name}-cert.pub")


class SshServer:
    """A real sshd on loopback that lets the present user in with the given public keys."""

    def __init__(self, folder: Path, *, keys: list[Path]) -> None:
        program = sshd_program()
        if program is None:
            raise FileNotFoundError("No sshd is here. Install it with: apt-get install openssh-server")
        self._program = program
        self._folder = folder
        folder.mkdir(mode=0o700, parents=True)
        (folder / "authorized_keys").write_text("".join(key.with_name(f"{key.name}.pub").read_text() for key in keys))
        self.port = free_port()
        self.options: dict[str, str] = {}
        """Further options of sshd, from the next start on."""
        self._process: subprocess.Popen[bytes] | None = None
        self.renew_host_key()

    @property
    def url(self) -> str:
        """The address of the machine's root folder."""
        return f"ssh://{getpass.getuser()}@127.0.0.1:{self.port}"

    def renew_host_key(self) -> None:
        """Be another machine from the next start on."""
        for old in self._folder.glob("host_key*"):
            old.unlink()
        make_ssh_key(self._folder / "host_key")

    def certify(self, authority: Path, *names: str) -> None:
        """Show a certificate of an authority from the next start on."""
        made = sign_ssh_key(self._folder / "host_key", authority, *names, options=["-h"])
        self.options["HostCertificate"] = str(made)

    def __enter__(self) -> Self:
        self.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.stop()

    def start(self) -> None:
        """Start and return once it answers."""
        if os.getuid() == 0:
            Path("/run/sshd").mkdir(mode=0o755, exist_ok=True)
        options = {
            "ListenAddress": f"127.0.0.1:{self.port}",
            "HostKey": str(self._folder / "host_key"),
            "AuthorizedKeysFile": str(self._folder / "authorized_keys"),
            "PasswordAuthentication": "no",
            "KbdInteractiveAuthentication": "no",
            "PidFile": "none",
            "StrictModes": "no",
            "PermitRootLogin": "prohibit-password",
            **self.options,
        }
        words = [word for name, value in options.items() for word in ("-o", f"{name}={value}")]
        log = (self._folder / "log").open("ab")
        with log:
            self._process = subprocess.Popen([self._program, "-D", "-e", "-f", os.devnull, *words], stderr=log)
        deadline = time.monotonic() + _START
        while not self._answers():
            if self._process.poll() is not None or time.monotonic() > deadline:
                self.stop()
                raise RuntimeError(f"The ssh server did not start: {(self._folder / 'log').read_text()[-2000:]}")
            time.sleep(0.01)

    def stop(self) -> None:
        """End it."""
        if self._process is not None:
            self._process.terminate()
            self._process.wait()
            self._process = None

    def _answers(self) -> bool:
        try:
            with socket.create_connection(("127.0.0.1", self.port), timeout=1) as line:
                return line.recv(4) == b"SSH-"
        except OSError:
            return False
