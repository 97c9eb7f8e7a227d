"""What pictures are now, asked over the wire: never downloaded, and each asked once."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable
from typing import Any

import pytest

from airflow_provider_mps.catalogue.plan import inputs as module
from airflow_provider_mps.catalogue.plan.inputs import Inputs
from airflow_provider_mps.catalogue.plan.sources import CosSource, Source, UrlSource
from airflow_provider_mps.clients import url_tags
from airflow_provider_mps.exceptions import TencentCloudPermanentError
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.local.service import LocalService
from tests.catalogue.plan.web_server import Answer, web_server


@pytest.fixture(autouse=True)
def _no_pauses(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(url_tags, "PAUSES", (0.0, 0.0))


@pytest.fixture
def inputs(conn_id: str) -> Inputs:
    return Inputs(conn_id, CosHook(conn_id).settings)


def stored(service: LocalService, count: int, folder: str = "photos") -> list[CosSource]:
    for number in range(count):
        service.put_object(service.bucket, f"/{folder}/cup-{number}.png", f"cup {number}".encode())
    return [CosSource(service.bucket, service.region, f"/{folder}/cup-{number}.png") for number in range(count)]


def asked(service: LocalService) -> dict[str, int]:
    return {action: len(service.calls(action)) for action in ("GetBucket", "HeadObject", "GetObject")}


def test_many_objects_of_a_folder_are_listed(service: LocalService, inputs: Inputs) -> None:
    sources = stored(service, 1100)
    tags = inputs.tags(sources * 3, {})
    assert asked(service) == {"GetBucket": 2, "HeadObject": 0, "GetObject": 0}
    assert set(tags) == set(sources)
    assert len(set(tags.values())) == 1100
    # One by one they have the same tags.
    assert {source: inputs.tags([source], {})[source] for source in sources[:3]} == {
        source: tags[source] for source in sources[:3]
    }
    assert asked(service) == {"GetBucket": 2, "HeadObject": 3, "GetObject": 0}


def test_other_bytes_under_the_same_key_are_another_tag(service: LocalService, inputs: Inputs) -> None:
    sources = stored(service, 20)
    before = inputs.tags(sources, {})
    service.put_object(service.bucket, sources[7].key, b"cup !")
    service.put_object(service.bucket, sources[8].key, b"cup 8")
    after = inputs.tags(sources, {})
    assert [source for source in sources if before[source] != after[source]] == [sources[7]]


def test_what_is_not_there_is_none(service: LocalService, inputs: Inputs) -> None:
    (there,) = stored(service, 1)
    gone = there._replace(key="/photos/none.png")
    assert {source: tag is None for source, tag in inputs.tags([there, gone], {}).items()} == {there: False, gone: True}


def test_an_account_that_may_not_list_asks_for_each(
    service: LocalService, inputs: Inputs, lines: Callable[[], str]
) -> None:
    service.add_fault(kind="error", action="GetBucket", code="AccessDenied", message="Access Denied.", status=403)
    sources = stored(service, 30)
    tags = inputs.tags(sources, {})
    assert len(set(tags.values())) == 30
    assert asked(service) == {"GetBucket": 1, "HeadObject": 30, "GetObject": 0}
    assert "refuses to list" in lines()


def test_a_bucket_that_is_not_there_is_an_error(service: LocalService, inputs: Inputs) -> None:
    sources: list[Source] = [CosSource("none-1250000000", service.region, f"/{number}.png") for number in range(20)]
    for some in (sources, sources[:1]):
        with pytest.raises(TencentCloudPermanentError, match="NoSuchBucket"):
            inputs.tags(some, {})


def test_each_bucket_is_asked_in_its_region(conn_id: str, monkeypatch: pytest.MonkeyPatch) -> None:
    with LocalService(buckets={"a-1250000000": "ap-guangzhou", "b-1250000000": "ap-beijing"}) as service:
        monkeypatch.setenv("AIRFLOW_CONN_TENCENTCLOUD_DEFAULT", json.dumps(service.connection()))
        inputs = Inputs(conn_id, CosHook(conn_id).settings)
        sources = [
            CosSource("a-1250000000", "ap-guangzhou", "/a.png"),
            CosSource("b-1250000000", "ap-beijing", "/a.png"),
        ]
        for source in sources:
            service.put_object(source.bucket, source.key, source.region.encode())
        tags = inputs.tags(sources, {})
        assert None not in tags.values()
        assert len(set(tags.values())) == 2


def url_tags_of(inputs: Inputs, *urls: str) -> list[str | None]:
    tags = inputs.tags([UrlSource(url) for url in urls], {url: url for url in urls})
    return [tags.get(UrlSource(url)) for url in urls]


@pytest.mark.parametrize(
    ("before", "after", "is_same"),
    [
        ({"ETag": '"1"', "Content-Length": "9"}, {"ETag": '"2"', "Content-Length": "9"}, False),
        ({"ETag": '"1"', "Content-Length": "9"}, {"ETag": 'W/"1"', "Content-Length": "9"}, True),
        # Two servers that stand beside each other.
        ({"ETag": '"1"', "Last-Modified": "a"}, {"ETag": '"1"', "Last-Modified": "b"}, True),
        ({"Last-Modified": "a"}, {"Last-Modified": "b"}, False),
        ({"Content-Length": "9"}, {"Content-Length": "10"}, False),
        ({}, {}, True),
    ],
)
def test_what_a_web_server_says_tells_contents_apart(
    inputs: Inputs, before: dict[str, str], after: dict[str, str], is_same: bool
) -> None:
    now = before
    with web_server(lambda method, path: (200, now)) as server:
        first = url_tags_of(inputs, f"{server.url}/cup.png")
        now = after
        second = url_tags_of(inputs, f"{server.url}/cup.png")
        assert (first == second) is is_same
        assert [method for method, _ in server.requests] == ["HEAD", "HEAD"]


def test_two_pictures_with_the_same_words_of_the_server_are_two(inputs: Inputs) -> None:
    with web_server(lambda method, path: (200, {"ETag": '"1"'})) as server:
        one, other = url_tags_of(inputs, f"{server.url}/a.png", f"{server.url}/b.png")
        assert one != other


@pytest.mark.parametrize("status", [400, 401, 403, 405, 501])
def test_where_a_server_refuses_to_say_the_address_counts(inputs: Inputs, status: int) -> None:
    with web_server(lambda method, path: (status, {"ETag": '"of the error page"'})) as server:
        assert url_tags_of(inputs, f"{server.url}/a.png") == [f"{server.url}/a.png\n"]


@pytest.mark.parametrize("status", [404, 410])
def test_a_picture_that_is_gone_is_none(inputs: Inputs, status: int) -> None:
    with web_server(lambda method, path: (status, {})) as server:
        source = UrlSource(f"{server.url}/a.png")
        assert inputs.tags([source], {source.address: source.address}) == {source: None}
        assert inputs.unreachable == set()
    # Some serve what they say there is none of.
    with web_server(lambda method, path: (status if method == "HEAD" else 200, {})) as server:
        assert url_tags_of(inputs, f"{server.url}/a.png") == [f"{server.url}/a.png\n"]


@pytest.mark.parametrize("status", [408, 429, 500, 503])
def test_a_server_that_is_in_trouble_says_nothing_of_the_picture(inputs: Inputs, status: int) -> None:
    answers = iter([status])
    with web_server(lambda method, path: (next(answers, 200), {"ETag": '"1"'})) as server:
        assert url_tags_of(inputs, f"{server.url}/a.png") == [f'{server.url}/a.png\n"1":0']
    with web_server(lambda method, path: (status, {"ETag": '"1"'})) as server:
        source = UrlSource(f"{server.url}/a.png")
        assert inputs.tags([source], {source.address: source.address}) == {}
        assert inputs.unreachable == {source}
        assert len(server.requests) == 3


def test_a_host_that_is_not_there_is_no_error(inputs: Inputs) -> None:
    with web_server(lambda method, path: (200, {})) as server:
        source = UrlSource(f"{server.url}/a.png")
    assert inputs.tags([source], {source.address: source.address}) == {}
    assert inputs.unreachable == {source}


def test_redirects_lead_to_no_private_place(inputs: Inputs) -> None:
    def reply(method: str, path: str) -> Answer:
        if path == "/moved.png":
            return 302, {"Location": "/here.png"}
        if path == "/inside.png":
            # Another name for the worker's own machine.
            return 302, {"Location": f"http://localhost:{server.server_address[1]}/secret"}
        if path == "/round.png":
            return 302, {"Location": "/round.png"}
        return 200, {"ETag": '"1"'}

    with web_server(reply) as server:
        paths = ("/moved.png", "/inside.png", "/round.png", "/file.png")
        urls = [f"{server.url}{path}" for path in paths]
        server_says = url_tags_of(inputs, *urls)
        assert server_says[0] == f'{urls[0]}\n"1":0'
        assert server_says[1:3] == [f"{urls[1]}\n", f"{urls[2]}\n"]
        assert "/secret" not in {path for _, path in server.requests}
        assert len([path for _, path in server.requests if path == "/round.png"]) == 1 + url_tags.MAX_REDIRECTS


def test_a_signature_is_sent_and_never_shown(inputs: Inputs, lines: Callable[[], str]) -> None:
    with web_server(lambda method, path: (200, {"ETag": '"1"'})) as server:
        address = f"{server.url}/cup.png"
        signed = f"{address}?q-sign-algorithm=sha1&q-ak=AKID&q-signature=5ec4e7"
        tags = inputs.tags([UrlSource(address)], {address: signed})
        assert server.requests == [("HEAD", signed.removeprefix(server.url))]
        assert "5ec4e7" not in repr(tags) + lines()


def test_questions_go_through_the_proxy_of_the_connection(service: LocalService, connect: Any) -> None:
    with web_server(lambda method, path: (200, {"ETag": '"by the proxy"'})) as proxy:
        conn_id = connect(proxy=proxy.url)
        inputs = Inputs(conn_id, CosHook(conn_id).settings)
        (tag,) = url_tags_of(inputs, "http://pictures.example/cup.png")
        assert tag == 'http://pictures.example/cup.png\n"by the proxy":0'
        assert proxy.requests == [("HEAD", "http://pictures.example/cup.png")]


def test_many_questions_are_asked_at_the_same_time(inputs: Inputs) -> None:
    together = threading.Barrier(module.AT_ONCE, timeout=30)

    def reply(method: str, path: str) -> Answer:
        together.wait()
        return 200, {"ETag": path}

    with web_server(reply) as server:
        found = url_tags_of(inputs, *(f"{server.url}/{number}.png" for number in range(2 * module.AT_ONCE)))
        assert len(set(found)) == 2 * module.AT_ONCE
