"""A small Galaxy server (API v3) with one collection, which answers nobody without its token."""

from __future__ import annotations

import hashlib
import json
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

TOKEN = "g4laxy-t0ken"  # noqa: S105 - of a server that lives as long as a test


class GalaxyServer(ThreadingHTTPServer):
    """Offers `shop.till 1.0.0`."""

    daemon_threads = True

    def __init__(self, archive: Path) -> None:
        super().__init__(("127.0.0.1", 0), _Answer)
        self.content = archive.read_bytes()
        self.address = f"http://127.0.0.1:{self.server_port}/api/galaxy/"
        self.asked: list[tuple[str, str]] = []
        """Each path with its authorization."""

    def answer(self, path: str) -> Any:
        """Return what stands at a path; None for nothing."""
        home = "/api/galaxy/v3/collections/shop/till/"
        version = {"version": "1.0.0", "href": f"{home}versions/1.0.0/"}
        known = {
            "/api/galaxy/": {"available_versions": {"v3": "v3/"}},
            home: {"name": "till", "namespace": "shop", "highest_version": version},
            f"{home}versions/": {"meta": {"count": 1}, "links": {"next": None}, "data": [version]},
            f"{home}versions/1.0.0/": {
                **version,
                "namespace": {"name": "shop"},
                "collection": {"name": "till"},
                "download_url": f"{self.address}till.tar.gz",
                "artifact": {"sha256": hashlib.sha256(self.content).hexdigest()},
                "metadata": {"dependencies": {}},
                "signatures": [],
            },
        }
        return known.get(path)


class _Answer(BaseHTTPRequestHandler):
    server: GalaxyServer

    def do_GET(self) -> None:
        path = self.path.partition("?")[0]
        given = self.headers.get("Authorization", "")
        self.server.asked.append((path, given))
        if given != f"Token {TOKEN}":
            self._send(401, b'{"errors": [{"code": "not_authenticated"}]}')
        elif path.endswith(".tar.gz"):
            self._send(200, self.server.content)
        elif (found := self.server.answer(path)) is not None:
            self._send(200, json.dumps(found).encode())
        else:
            self._send(404, b"{}")

    def _send(self, code: int, body: bytes) -> None:
        self.send_response(code)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *_: object) -> None:
        return


@contextmanager
def galaxy_server(archive: Path) -> Iterator[GalaxyServer]:
    """Serve until left."""
    with GalaxyServer(archive) as server:
        serving = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.05})
        serving.start()
        try:
            yield server
        finally:
            server.shutdown()
            serving.join()
