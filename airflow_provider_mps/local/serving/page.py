"""The page that shows what the service holds. What stands in it came from somebody else, so all of it is escaped."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from html import escape
from urllib.parse import quote

_STYLE = """
:root { color-scheme: light dark; font: 15px/1.45 system-ui, sans-serif; }
body { margin: 0 auto; max-width: 76rem; padding: 1rem 1.25rem 3rem; }
h1 { font-size: 1.35rem; margin: 0.2rem 0; }
h2 { font-size: 1.05rem; margin: 2rem 0 0.6rem; }
p { margin: 0.2rem 0; }
nav a { margin-right: 1rem; }
.pictures { display: grid; gap: 0.9rem; grid-template-columns: repeat(auto-fill, minmax(9.5rem, 1fr)); }
.pictures a { color: inherit; font-size: 0.8rem; overflow-wrap: anywhere; text-decoration: none; }
.pictures img { aspect-ratio: 1; background: #8882; border-radius: 6px; object-fit: contain; width: 100%; }
.scroll { overflow-x: auto; }
table { border-collapse: collapse; width: 100%; }
th, td { border-bottom: 1px solid #8884; padding: 0.3rem 0.6rem 0.3rem 0; text-align: left; vertical-align: top; }
td { overflow-wrap: anywhere; }
td.n { text-align: right; white-space: nowrap; }
td.t { white-space: nowrap; }
td img { background: #8882; border-radius: 4px; height: 2.5rem; object-fit: contain; width: 3.5rem; }
.failed { color: #c0392b; font-weight: 600; }
.none { opacity: 0.65; }
"""
_SHOWN_CHARACTERS = 160


@dataclass(frozen=True, slots=True)
class ShownPicture:
    """A picture: where its thumbnail and itself are, and what it is called."""

    thumbnail: str
    address: str
    name: str


@dataclass(frozen=True, slots=True)
class TaskRow:
    """A task of either service.

    :param what: what was asked for.
    :param seconds: how long it took; ``None`` before its end.
    :param failure: why it failed; empty for success.
    """

    service: str
    task_id: str
    status: str
    created: float
    seconds: float | None
    what: str
    failure: str


@dataclass(frozen=True, slots=True)
class ObjectRow:
    """An object; ``thumbnail`` is empty where it is no picture."""

    address: str
    thumbnail: str
    key: str
    size: int
    content_type: str
    modified: float


@dataclass(frozen=True, slots=True)
class BucketTable:
    """A bucket, its latest objects, and how many it has in all."""

    name: str
    region: str
    objects: Sequence[ObjectRow]
    total: int


def path_of(folder: str, *parts: str) -> str:
    """Return a path below the page's own, with each part quoted but for its slashes.

    Where a part has a segment of dots its slashes are quoted too: a browser would go up by it, in whatever way its dots
    are written.
    """
    return "/".join([folder, *map(_quoted, parts)])


def _quoted(part: str) -> str:
    has_dots = not {".", ".."}.isdisjoint(part.split("/"))
    return quote(part, safe="-_.~" if has_dots else "/-_.~", errors="surrogatepass")


def page(
    pictures: Sequence[ShownPicture], tasks: Sequence[TaskRow], task_total: int, buckets: Sequence[BucketTable]
) -> bytes:
    """Make the page.

    :param pictures: what the tasks made, the latest first.
    :param tasks: the latest tasks.
    :param task_total: how many there are in all.
    :param buckets: the buckets.
    """
    objects = sum(bucket.total for bucket in buckets)
    parts = [
        "<!doctype html><html lang='en'><head><meta charset='utf-8'><title>Local MPS, COS and Aidge</title>",
        "<meta name='viewport' content='width=device-width, initial-scale=1'>",
        f"<style>{_STYLE}</style></head><body>",
        "<h1>Local MPS, COS and Aidge</h1>",
        f"<p>A stand-in for development, not the model. {task_total:,} tasks, {objects:,} objects.</p>",
        "<nav><a href=''>Reload</a><a href='journal'>Journal</a><a href='tasks'>Tasks as JSON</a>",
        "<a href='faults'>Faults</a><a href='settings'>Settings</a></nav>",
        "<h2>Pictures made</h2>",
        _pictures(pictures),
        f"<h2>Tasks{_of(len(tasks), task_total)}</h2>",
        _tasks(tasks),
        *map(_bucket, buckets),
        "</body></html>",
    ]
    return "".join(parts).encode("utf-8", "replace")


def _pictures(pictures: Sequence[ShownPicture]) -> str:
    if not pictures:
        return "<p class='none'>None yet.</p>"
    shown = (
        f"<a href='{_attribute(one.address)}'><img loading='lazy' alt='' src='{_attribute(one.thumbnail)}'>"
        f"{_text(one.name)}</a>"
        for one in pictures
    )
    return f"<div class='pictures'>{''.join(shown)}</div>"


def _tasks(tasks: Sequence[TaskRow]) -> str:
    return _table(
        ("Service", "Task", "Status", "Created (UTC)", "Seconds", "What"),
        (
            f"<td>{_text(task.service)}</td><td>{_text(task.task_id)}</td>"
            f"<td>{_failed(task.status, task.failure)}</td><td class='t'>{_time(task.created)}</td>"
            f"<td class='n'>{'' if task.seconds is None else f'{task.seconds:.1f}'}</td><td>{_text(task.what)}</td>"
            for task in tasks
        ),
    )


def _bucket(bucket: BucketTable) -> str:
    title = f"<h2>Bucket {_text(bucket.name)} ({_text(bucket.region)}){_of(len(bucket.objects), bucket.total)}</h2>"
    return title + _table(
        ("", "Key", "Bytes", "Type", "Modified (UTC)"),
        (
            f"<td>{_thumbnail(one)}</td><td><a href='{_attribute(one.address)}'>/{_text(one.key)}</a></td>"
            f"<td class='n'>{one.size:,}</td><td>{_text(one.content_type)}</td>"
            f"<td class='t'>{_time(one.modified)}</td>"
            for one in bucket.objects
        ),
    )


def _table(names: Iterable[str], rows: Iterable[str]) -> str:
    body = "".join(f"<tr>{row}</tr>" for row in rows)
    if not body:
        return "<p class='none'>None yet.</p>"
    head = "".join(f"<th>{name}</th>" for name in names)
    return f"<div class='scroll'><table><thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"


def _thumbnail(row: ObjectRow) -> str:
    return f"<img loading='lazy' alt='' src='{_attribute(row.thumbnail)}'>" if row.thumbnail else ""


def _failed(status: str, failure: str) -> str:
    return f"{_text(status)}<div class='failed'>{_text(failure)}</div>" if failure else _text(status)


def _of(shown: int, total: int) -> str:
    return f": the latest {shown:,} of {total:,}" if shown < total else ""


def _time(moment: float) -> str:
    return datetime.fromtimestamp(moment, UTC).strftime("%Y-%m-%d %H:%M:%S")


def _text(text: str) -> str:
    return escape(text if len(text) <= _SHOWN_CHARACTERS else f"{text[: _SHOWN_CHARACTERS - 1]}…")


def _attribute(text: str) -> str:
    return escape(text, quote=True)
