"""The command ``python -m airflow_provider_mps.local``."""

from __future__ import annotations

import argparse
import json
import os
import signal
import sys
import threading
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow_provider_mps.local.service import LocalService

DEFAULT_PORT = 8700


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the local service until SIGINT or SIGTERM.

    :param arguments: the command line without the program; default the process's own.
    :return: the exit status: 0 after an orderly end, 2 for bad arguments or missing packages.
    """
    options = _parser().parse_args(arguments)
    try:
        from airflow_provider_mps.local.service import LocalService
    except ImportError as error:
        print(f"The local service needs more packages ({error}).", file=sys.stderr)
        print("Install them with: pip install 'airflow-provider-mps[local]'", file=sys.stderr)
        return 2
    from airflow_provider_mps.local.service import DEFAULT_BUCKET
    from airflow_provider_mps.local.tencentcloud.state import DEFAULT_SECRET_ID, DEFAULT_SECRET_KEY

    pair = (options.secret_id or DEFAULT_SECRET_ID, options.secret_key or DEFAULT_SECRET_KEY)
    try:
        service = LocalService(
            host=options.host,
            port=options.port,
            data_dir=options.data_dir,
            task_seconds=options.task_seconds,
            rate_limit=options.rate_limit,
            buckets=options.bucket or [DEFAULT_BUCKET],
            region=options.region,
            small_pictures=options.small_pictures,
            accounts=[pair],
            aidge_replies=options.aidge_replies,
        )
    except ValueError as error:
        return _cannot_start(error)
    return _serve(service, options.ready_file)


def _serve(service: LocalService, ready_file: Path | None) -> int:
    stop = threading.Event()
    # From here on there is something to clean up, so a signal must lead through the end of this function.
    before = {number: signal.signal(number, lambda *_: stop.set()) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        service.start()
        _announce(service)
        if ready_file:
            _write_ready_file(ready_file, service)
        stop.wait()
    except OSError as error:
        return _cannot_start(error)
    finally:
        service.stop()
        if ready_file:
            ready_file.unlink(missing_ok=True)
        for number, handler in before.items():
            signal.signal(number, handler)
    return 0


def _cannot_start(error: Exception) -> int:
    print(f"The local service cannot start: {error}", file=sys.stderr)
    return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="python -m airflow_provider_mps.local",
        description="A local stand-in for Tencent Cloud MPS, STS and COS and for Alibaba Aidge, for DAG development "
        "without an account.",
    )
    parser.add_argument("--host", default="127.0.0.1", help="loopback address to bind (default %(default)s)")
    parser.add_argument("--port", type=int, default=DEFAULT_PORT, help="port, 0 for a free one (default %(default)s)")
    parser.add_argument("--data-dir", type=Path, help="folder for objects (default: a temporary one)")
    parser.add_argument("--task-seconds", type=float, default=3.0, help="how long a task takes (default %(default)s)")
    parser.add_argument("--rate-limit", type=int, default=20, help="requests per second, 0 for none (default 20)")
    parser.add_argument("--bucket", action="append", help="bucket with APPID, repeatable")
    parser.add_argument("--region", default="ap-guangzhou", help="region of the buckets (default %(default)s)")
    parser.add_argument("--small-pictures", action="store_true", help="make tiny results, for load tests")
    parser.add_argument(
        "--aidge-replies",
        choices=("aidge", "cloud"),
        default="aidge",
        help="shape of Aidge's answers: by its own reference, or by Alibaba Cloud's documents (default %(default)s)",
    )
    parser.add_argument(
        "--secret-id",
        default=os.environ.get("MPS_LOCAL_SECRET_ID"),
        help="SecretId of the account (default: $MPS_LOCAL_SECRET_ID, or a made-up one)",
    )
    parser.add_argument(
        "--secret-key",
        default=os.environ.get("MPS_LOCAL_SECRET_KEY"),
        help="SecretKey of the account (default: $MPS_LOCAL_SECRET_KEY, or a made-up one)",
    )
    parser.add_argument("--ready-file", type=Path, help="write JSON with url, netloc, pid and connections when ready")
    return parser


def _announce(service: LocalService) -> None:
    from airflow_provider_mps.local.pictures.sample_pictures import LARGE_SAMPLE, MANIFEST_SAMPLE

    connection, aidge = json.dumps(service.connection()), json.dumps(service.aidge_connection())
    lines = [
        f"The local MPS, STS, COS and Aidge service listens on {service.url} (Ctrl+C stops it).",
        f"Bucket {service.bucket} in {service.region} holds these pictures to try:",
        "  /samples/coffee.png  /samples/vase.png  /samples/bottle.png  /samples/brick.png  /samples/gravel.png",
        f"  /samples/{LARGE_SAMPLE}, large enough for Aidge, which finds it at",
        f"  {service.url}/_local/samples/{LARGE_SAMPLE}",
        f"  /samples/{MANIFEST_SAMPLE}, a catalogue of a dozen products with a picture each beside it",
        "Let Airflow use it:",
        f"  export AIRFLOW_CONN_TENCENTCLOUD_DEFAULT='{connection}'",
        f"  export AIRFLOW_CONN_AIDGE_DEFAULT='{aidge}'",
        f"What it holds, to look at in a browser: {service.url}/_local/",
        f"What was asked of it: {service.url}/_local/journal",
    ]
    print("\n".join(lines), flush=True)


def _write_ready_file(path: Path, service: LocalService) -> None:
    ready = {
        "url": service.url,
        "netloc": service.netloc,
        "pid": os.getpid(),
        "connection": service.connection(),
        "aidge_connection": service.aidge_connection(),
    }
    # Renamed into place, so that a reader never sees half of it.
    partial = path.with_name(f"{path.name}.{os.getpid()}.tmp")
    # It holds the keys, which may be somebody's own.
    partial.touch(mode=0o600)
    partial.write_text(json.dumps(ready), "utf-8")
    partial.replace(path)


if __name__ == "__main__":
    sys.exit(main())
