"""The wire of Pix on loopback: submit a picture, look at the job; two codes of errors."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Any


class PixServer:
    """Counts what it accepts; each job is done at its ``looks``-th look."""

    def __init__(self, looks: int = 2) -> None:
        self.looks = looks
        self.accepted: list[dict[str, Any]] = []
        self.errors: list[str] = []
        """What the next submissions are answered with: ``no-credit``, ``busy``, or ``lost`` for no answer."""
        self._seen: dict[str, int] = {}
        self._lock = threading.Lock()
        outer = self

        class Handler(BaseHTTPRequestHandler):
            def do_POST(self) -> None:
                asked = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
                status, answer = outer.submit(asked)
                if status:
                    self._answer(status, answer)

            def do_GET(self) -> None:
                self._answer(*outer.look(self.path.rpartition("/")[2]))

            def _answer(self, status: int, answer: Any) -> None:
                data = json.dumps(answer).encode()
                self.send_response(status)
                self.send_header("Content-Length", str(len(data)))
                self.end_headers()
                self.wfile.write(data)

            def log_message(self, *args: object) -> None:
                """Say nothing."""

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._thread = threading.Thread(target=self._server.serve_forever, kwargs={"poll_interval": 0.02})

    def submit(self, asked: dict[str, Any]) -> tuple[int, Any]:
        with self._lock:
            error = self.errors.pop(0) if self.errors else ""
            if error in ("no-credit", "busy"):
                return 400, {"error": error, "words": f"it is {error}"}
            job = f"job-{len(self.accepted)}"
            self.accepted.append({**asked, "job": job})
            return (0, None) if error == "lost" else (200, {"job": job})

    def look(self, job: str) -> tuple[int, Any]:
        with self._lock:
            if all(accepted["job"] != job for accepted in self.accepted):
                return 404, {"error": "no-such-job", "words": job}
            self._seen[job] = self._seen.get(job, 0) + 1
            [asked] = [accepted for accepted in self.accepted if accepted["job"] == job]
            if asked["picture"].endswith("bad.png"):
                return 200, {"state": "failed", "error": "bad-picture"}
            if self._seen[job] < self.looks:
                return 200, {"state": "running"}
            return 200, {"state": "done", "files": [{"name": f"{asked['picture']}.out.png"}]}

    def __enter__(self) -> PixServer:
        self._thread.start()
        return self

    def __exit__(self, *error: object) -> None:
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    @property
    def connection(self) -> dict[str, Any]:
        return {"conn_type": "pix", "host": "127.0.0.1", "port": self._server.server_port}
