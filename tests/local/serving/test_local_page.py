"""The page of the local service, and what it shows."""

from __future__ import annotations

import io
import logging
import re
from collections.abc import Iterator
from html import unescape
from typing import Any
from urllib.parse import unquote

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image

from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.local.serving.page import BucketTable, ObjectRow, ShownPicture, TaskRow, page, path_of

SCRIPT = "<script>alert('x')</script>"


@pytest.fixture
def shown(clients_for: Any) -> Iterator[Any]:
    with LocalService(task_seconds=0.0, rate_limit=0, small_pictures=True) as running:
        yield clients_for(running)


def get(service: LocalService, path: str) -> httpx.Response:
    return httpx.get(f"{service.url}{path}")


def links(html: str, attribute: str) -> list[str]:
    return [unescape(found) for found in re.findall(rf"{attribute}='([^']*)'", html)]


def test_it_shows_tasks_pictures_and_objects(shown: Any, aidge_for: Any) -> None:
    service = shown.service
    detail = shown.run()
    path = detail["ImageProcessTaskResultSet"][0]["Output"]["Path"]
    aidge_for(service).run(imageNum="2")
    html = get(service, "/_local/").text
    for text in (detail_id := service.tasks[0].task_id, service.aidge_tasks[0].task_id, path, "/samples/brick.png"):
        assert text in html, detail_id
    pictures = [link for link in links(html, "src") if "brick" not in link]
    assert len(pictures) >= 3
    for link in links(html, "src"):
        answer = get(service, f"/_local/{link}")
        assert answer.headers["content-type"] == "image/jpeg"
        with Image.open(io.BytesIO(answer.content)) as picture:
            assert max(picture.size) <= 800
    for link in links(html, "href"):
        assert get(service, f"/_local/{link}").status_code == 200, link


def test_it_shows_scores_and_no_picture_for_them(shown: Any) -> None:
    task = {"ImageQualityConfig": {"Attributes": ["IQA"]}}
    shown.finished(shown.submit(ScheduleId=None, AddOnParameter=None, ImageTask=task))
    html = get(shown.service, "/_local/").text
    assert "{&#34;IQA&#34;: " in html or "{&quot;IQA&quot;: " in html
    for link in [*links(html, "src"), *links(html, "href")]:
        assert get(shown.service, f"/_local/{link}").status_code == 200, link


def test_it_escapes_everything(shown: Any) -> None:
    service = shown.service
    service.put_object(service.bucket, f"/{SCRIPT}' onerror='x.png", b"no picture")
    service.add_fault(kind="task_fail", err_msg=SCRIPT, message=SCRIPT, times=1)
    shown.finished(shown.submit())
    html = get(service, "/_local/").text
    assert "<script" not in html
    assert " onerror='" not in html
    assert html.count("&lt;script&gt;") >= 2


def test_it_shows_no_signature(shown: Any) -> None:
    url = f"{shown.service.url}/_local/samples/coffee.png?q-signature=0123456789abcdef"
    shown.finished(shown.submit(InputInfo={"Type": "URL", "UrlInputInfo": {"Url": url}}))
    html = get(shown.service, "/_local/").text
    assert "/_local/samples/coffee.png" in html
    assert "0123456789abcdef" not in html


def test_it_shows_no_user_of_an_address(
    shown: Any, aidge_for: Any, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    # Airflow, in other tests of this process, may have put its own set-up of logging in place.
    for name, value in (("disabled", False), ("propagate", True)):
        monkeypatch.setattr(logging.getLogger("httpx"), name, value)
    caplog.set_level("INFO", "httpx")
    service, host = shown.service, shown.service.netloc
    for address in (f"http://user:s3cr3t@{host}/_local/samples/coffee.png", "http://user:s3cr3t@127.0.0.1:1/x.png"):
        shown.finished(shown.submit(InputInfo={"Type": "URL", "UrlInputInfo": {"Url": address}}))
        aidge_for(service).ended(aidge_for(service).submit(imageFileUrl=address, imgBase64=None))
    for path in ("/_local/", "/_local/tasks"):
        html = get(service, path).text
        assert "127.0.0.1:1/x.png" in html
        assert "s3cr3t" not in html
    assert "/_local/samples/coffee.png" in caplog.text
    assert "s3cr3t" not in caplog.text


@pytest.mark.parametrize("key", ["a/../b.png", "./x.png", "../../x.png", "a/./b/..", "a..b/...c", "a b/%2e%2e/c"])
def test_an_object_with_dots_in_its_key_opens(key: str, service: LocalService) -> None:
    service.backend.store.put(service.bucket, key, [key.encode()], {})
    shown = links(get(service, "/_local/").text, "href")
    [link] = [link for link in shown if unquote(link) == f"objects/{service.bucket}/{key}"]
    assert get(service, f"/_local/{link}").text == key


def test_an_object_runs_no_script_of_its_own(service: LocalService) -> None:
    key = "a b\u00fc.html"
    service.backend.store.put(service.bucket, key, [SCRIPT.encode()], {"Content-Type": "text/html"})
    answer = get(service, f"/_local/{path_of('objects', service.bucket, key)}")
    assert answer.text == SCRIPT
    assert answer.headers["content-security-policy"].startswith("sandbox;")
    assert answer.headers["x-content-type-options"] == "nosniff"
    assert "default-src 'none'" in get(service, "/_local/").headers["content-security-policy"]


@pytest.mark.parametrize(
    ("path", "status"),
    [
        ("objects/{bucket}/nowhere", 404),
        ("objects/nobody-1/samples/brick.png", 404),
        ("objects/", 404),
        ("thumbnails/{bucket}/text", 415),
        ("results/x/1.jpg", 404),
        ("results/x/../../1.jpg", 404),
        ("results/", 404),
        ("objects/{bucket}/%ff", 400),
    ],
)
def test_what_is_not_there(path: str, status: int, service: LocalService) -> None:
    service.put_object(service.bucket, "/text", b"no picture")
    assert get(service, f"/_local/{path.format(bucket=service.bucket)}").status_code == status


def test_the_way_to_it(service: LocalService) -> None:
    assert "/_local/" in httpx.get(f"{service.url}/").json()["error"]
    assert httpx.head(f"{service.url}/_local/").status_code == 200


TABLE = {"table", "thead", "tbody", "tr", "th", "td"}
_ANY = st.text()
_TASK = st.builds(
    TaskRow,
    service=_ANY,
    task_id=_ANY,
    status=_ANY,
    created=st.floats(0, 4e9),
    seconds=st.none() | st.floats(0, 1e6),
    what=_ANY,
    failure=_ANY,
)
_OBJECT = st.builds(
    ObjectRow,
    address=_ANY,
    thumbnail=_ANY,
    key=_ANY,
    size=st.integers(0, 10**12),
    content_type=_ANY,
    modified=st.floats(0, 4e9),
)


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(st.builds(ShownPicture, thumbnail=_ANY, address=_ANY, name=_ANY), max_size=2),
    st.lists(_TASK, max_size=2),
    st.lists(_OBJECT, max_size=2),
    _ANY,
)
def test_no_text_becomes_a_tag(
    pictures: list[ShownPicture], tasks: list[TaskRow], objects: list[ObjectRow], name: str
) -> None:
    html = page(pictures, tasks, len(tasks), [BucketTable(name, name, objects, len(objects))]).decode()
    tags = {tag.split("\n")[0].split()[0].strip("/") for tag in re.findall(r"<([^>]*)>", html)}
    known = {
        *["!doctype", "html", "head", "meta", "title", "style", "body", "h1", "h2", "p", "nav", "a", "div", "img"],
        *TABLE,
    }
    assert tags <= known
