"""Nothing reaches its final key without a label, unless somebody has asked for that."""

from __future__ import annotations

import io
import json
from pathlib import Path
from typing import Any

import pytest
from PIL import Image, ImageChops

from airflow_provider_mps.catalogue.errors import PublicationFailedError, PublicationRefusedError
from airflow_provider_mps.core import calls
from airflow_provider_mps.exceptions import InvalidArgumentError
from airflow_provider_mps.failures import short_line
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.catalogue import CataloguePublishOperator
from airflow_provider_mps.pictures.labels import COMPOSITE, Label, check_label, label, read_label
from airflow_provider_mps.services.tencentcloud.objects import LABEL_NOTE
from tests.certificates import chain
from tests.sample_pictures import packet, png
from tests.task_context import make_context

from .publishing import Shop, counts, labelled, picture
from .test_catalogue_publish import _asked_about_pictures, stat

ITEM = "cup/white"
SHOP_LABEL = {"producer": "Merchant Ltd", "propagator": "shop.example"}


@pytest.fixture(autouse=True)
def _no_waits(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(calls, "WAIT", lambda state: 0)


@pytest.fixture
def shop(service: LocalService, conn_id: str) -> Shop:
    return Shop(service)


def published(shop: Shop, item: str = ITEM) -> bytes:
    found = shop.get(shop.final(item))
    assert found is not None
    return found


def made(shop: Shop, version: int = 1, item: str = ITEM, content: bytes | None = None, **fields: Any) -> dict[str, Any]:
    """Do what a batch does; the picture may be another than that of the tests."""
    found = shop.make([shop.line(item, version, **fields)])
    if content is not None:
        shop.service.put_object(shop.service.bucket, f"/output/{item}-{version}.jpeg", content)
    return found


def test_by_default_it_says_who_has_made_it(service: LocalService, conn_id: str) -> None:
    shop = Shop(service)
    operator = CataloguePublishOperator(
        task_id="publish", pictures=made(shop), cache_control="max-age=300", unchecked=True
    )
    output = operator.execute(make_context(task_id="publish"))
    assert output["counts"] == counts(published=1)
    assert published(shop) == labelled(ITEM, 1)
    found = check_label(published(shop))
    assert (found.producer, found.produce_id, found.propagator) == ("Tencent Cloud MPS", f"task-{ITEM}", None)
    assert (found.value, found.source_type) == ("1", COMPOSITE)
    there = stat(shop, shop.final(ITEM))
    assert (there.content_type, there.cache_control) == ("image/jpeg", "max-age=300")
    line = shop.published(output)[ITEM]
    assert (line["size"], line["crc64"]) == (there.size, there.crc64)
    state = shop.record().state(ITEM).published
    assert state is not None
    assert (state.etag, state.size) == (there.etag, there.size)


def test_what_is_stored_with_the_source_is_stored_with_the_picture(shop: Shop) -> None:
    pictures = made(shop)
    headers = {"Content-Disposition": "inline", "x-cos-meta-shop": "1", "Content-Type": "image/x-other"}
    CosHook().put_object(f"/output/{ITEM}-1.jpeg", picture(ITEM, 1), headers)
    shop.publish(pictures, label="metadata")
    found = CosHook().get_object(shop.final(ITEM)).headers
    assert found["Content-Disposition"] == "inline"
    assert found["x-cos-meta-shop"] == "1"
    assert found["Content-Type"] == "image/jpeg"
    assert found[LABEL_NOTE].startswith("v1; source=")


def test_what_it_costs_in_requests(shop: Shop) -> None:
    kept = {"label": "metadata", "keep_previous": "/previous/"}
    assert _asked_about_pictures(shop, made(shop), **kept) == 6
    # What is there is neither fetched nor stored again.
    assert _asked_about_pictures(shop, made(shop), label="metadata") == 2
    fetched = len(shop.service.calls("GetObject"))
    assert shop.publish(made(shop), **kept)["counts"]["published"] == 1
    pictures = [one for one in shop.service.calls("GetObject")[fetched:] if "output" in str(one)]
    assert pictures == []


def test_the_picture_before_is_kept_with_its_label(shop: Shop) -> None:
    for version in (1, 2):
        for _ in range(2):
            shop.publish(made(shop, version), label="metadata", keep_previous="/previous/")
    assert published(shop) == labelled(ITEM, 2)
    assert shop.get(f"/previous{shop.final(ITEM)}") == labelled(ITEM, 1)


@pytest.mark.parametrize(
    ("before", "after"), [(None, "metadata"), ("metadata", SHOP_LABEL), (SHOP_LABEL, "metadata"), ("metadata", None)]
)
def test_another_label_is_made_from_the_source_and_nothing_is_kept_for_it(shop: Shop, before: Any, after: Any) -> None:
    shop.publish(made(shop), label=before, keep_previous="/previous/")
    shop.publish(made(shop, 2), label=before, keep_previous="/previous/")
    kept = shop.get(f"/previous{shop.final(ITEM)}")
    for changed in (1, 0):
        output = shop.publish(made(shop, 2), make_context(task_id="publish"), label=after, keep_previous="/previous/")
        assert output["counts"] == (counts(published=1) if changed else counts(unchanged=1))
        assert published(shop) == (picture(ITEM, 2) if after is None else labelled(ITEM, 2, after))
        assert shop.get(f"/previous{shop.final(ITEM)}") == kept
    assert len(shop.service.calls("ProcessImage")) == 0


def test_where_the_source_is_gone_what_is_published_is_labelled(shop: Shop) -> None:
    pictures = made(shop)
    shop.publish(pictures)
    CosHook().delete_object(f"/output/{ITEM}-1.jpeg")
    assert shop.publish(pictures, label="metadata")["counts"]["failed"] == 0
    assert published(shop) == labelled(ITEM, 1)
    # Another label would have to be made from the source: the one that is there stays.
    assert shop.publish(pictures, label=SHOP_LABEL)["counts"]["failed"] == 0
    assert published(shop) == labelled(ITEM, 1)


def test_what_cannot_be_labelled_is_not_published_and_the_others_are(shop: Shop) -> None:
    shop.publish(made(shop), label="metadata")
    pictures = shop.make([shop.line(ITEM, 2), shop.line("bowl/white")])
    shop.service.put_object(shop.service.bucket, f"/output/{ITEM}-2.jpeg", picture(ITEM, 2)[:-2])
    context = make_context(task_id="publish")
    with pytest.raises(PublicationRefusedError) as caught:
        shop.publish(pictures, context, label="metadata", keep_previous="/previous/")
    said = str(caught.value)
    assert said.startswith(
        "1 of 2 pictures not published (max_failed=0): LabelUnreadable: have it made again (force of"
    )
    assert f"{ITEM}: cos://{shop.service.bucket}/output/{ITEM}-2.jpeg: it is a JPEG that is cut off after" in said
    assert "LabelUnreadable: have it made again" in str(short_line(caught.value, "shop"))
    output = context["ti"].xcoms["return_value"]
    assert output["counts"] == counts(published=1, failed=1)
    assert shop.published(output)[ITEM]["error"]["Code"] == "LabelUnreadable"
    assert published(shop) == labelled(ITEM, 1)
    assert shop.get(f"/previous{shop.final(ITEM)}") is None
    assert published(shop, "bowl/white") == labelled("bowl/white", 1)
    # It is made, and paid for: nothing on record says otherwise.
    assert shop.record().state(ITEM).made is not None
    # Somebody may want it all the same.
    assert shop.publish(pictures)["counts"]["failed"] == 0


def test_a_label_of_the_service_itself_is_kept(shop: Shop) -> None:
    theirs = '{"Label":"1","ContentProducer":"001191440300708461136T1XGW3","ProduceID":"of-tencent"}'
    said = packet(f'<a:AIGC xmlns:a="http://www.tc260.org.cn/ns/AIGC/1.0/">{theirs}</a:AIGC>')
    shop.publish(made(shop, content=png(xmp=said)), label={"propagator": "shop.example"})
    found = check_label(published(shop))
    assert (found.producer, found.produce_id) == ("001191440300708461136T1XGW3", "of-tencent")
    assert (found.propagator, found.propagate_id) == ("shop.example", f"task-{ITEM}")


@pytest.mark.parametrize("theirs", ['{"Label":"9","ContentProducer":"theirs"}', "no json"])
def test_a_label_of_the_service_that_cannot_be_read_is_not_published(shop: Shop, theirs: str) -> None:
    said = packet(f'<a:AIGC xmlns:a="http://www.tc260.org.cn/ns/AIGC/1.0/">{theirs}</a:AIGC>')
    with pytest.raises(PublicationRefusedError, match="LabelUnreadable"):
        shop.publish(made(shop, content=png(xmp=said)), label="metadata")
    assert shop.get(shop.final(ITEM)) is None


def test_a_picture_that_is_labelled_already_is_stored_as_it_is(shop: Shop) -> None:
    whole = label(picture(ITEM, 1), Label(producer="theirs", produce_id="1", propagator="p"))
    for changed in (True, False):
        shop.publish(made(shop, content=whole), label=SHOP_LABEL)
        assert published(shop) == whole
        if changed:
            stored = len(shop.service.calls("PutObject"))
    assert _asked_about_pictures(shop, made(shop, content=whole), label=SHOP_LABEL) == 2
    assert stored


def test_pictures_of_aidge_say_so(shop: Shop) -> None:
    shop.publish(made(shop, service="aidge"), label="metadata")
    assert check_label(published(shop)).producer == "Alibaba Aidge"


def test_without_the_id_of_a_task_it_is_called_by_its_fingerprint(shop: Shop) -> None:
    line = shop.line(ITEM)
    line["entry"]["TaskId"] = None
    shop.publish(shop.make([line]), label="metadata")
    assert check_label(published(shop)).produce_id == line["fingerprint"]


def test_a_picture_that_is_rejected_counts_as_none(shop: Shop) -> None:
    output = shop.publish(made(shop, check={"verdict": "rejected"}), label="metadata")
    assert output["counts"] == counts(rejected=1)
    assert shop.get(shop.final(ITEM)) is None


def test_a_source_that_changes_meanwhile_is_looked_at_again(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures, get, changed = made(shop), CosHook.get_object, list[str]()

    def change_and_get(self: CosHook, key: str, *more: Any) -> Any:
        if not changed:
            changed.append(key)
            shop.service.put_object(shop.service.bucket, key, picture(ITEM, 3))
        return get(self, key, *more)

    monkeypatch.setattr(CosHook, "get_object", change_and_get)
    assert shop.publish(pictures, label="metadata")["counts"] == counts(published=1)
    assert published(shop) == labelled(ITEM, 3)


def test_a_source_that_goes_meanwhile_is_gone(shop: Shop, monkeypatch: pytest.MonkeyPatch) -> None:
    pictures, get = made(shop), CosHook.get_object

    def remove_and_get(self: CosHook, key: str, *more: Any) -> Any:
        self.delete_object(key)
        return get(self, key, *more)

    monkeypatch.setattr(CosHook, "get_object", remove_and_get)
    with pytest.raises(PublicationRefusedError, match="PictureGone"):
        shop.publish(pictures, label="metadata")


def test_an_answer_that_is_lost_or_broken_leaves_whole_pictures(shop: Shop) -> None:
    shop.service.add_fault(kind="lost_answer", action="PutObject", times=1, after=3)
    shop.service.add_fault(kind="error", action="GetObject", code="InternalError", status=500, times=1)
    items = [f"cup-{number}/white" for number in range(6)]
    pictures = shop.make([shop.line(item) for item in items])
    shop.publish(pictures, label="metadata")
    for item in items:
        assert published(shop, item) == labelled(item, 1)


def test_a_mark_is_drawn(shop: Shop) -> None:
    given = {"visible": {"text": "AI made", "corner": "top left", "share": 0.2}}
    for count in (counts(published=1), counts(unchanged=1)):
        assert shop.publish(made(shop), make_context(task_id="publish"), label=given)["counts"] == count
    assert published(shop) == labelled(ITEM, 1, given)
    one, other = (Image.open(io.BytesIO(data)).convert("L") for data in (picture(ITEM, 1), published(shop)))
    box = ImageChops.difference(one, other).point(lambda value: 255 * (value > 30)).getbbox()
    assert box is not None
    assert box[2] > 20
    assert box[3] < 30
    check_label(published(shop))


def test_it_is_signed_once(shop: Shop, tmp_path: Path) -> None:
    c2pa = pytest.importorskip("c2pa", reason="c2pa-python is not installed")
    certificate, key, _ = chain()
    (tmp_path / "chain.pem").write_bytes(certificate)
    (tmp_path / "key.pem").write_bytes(key)
    given = {"c2pa": {"certificate": str(tmp_path / "chain.pem"), "key": str(tmp_path / "key.pem")}}
    shop.publish(made(shop), label=given)
    once = published(shop)
    with c2pa.Reader("image/jpeg", io.BytesIO(once)) as reader:
        assert reader.get_validation_state() == "Valid"
    check_label(once)
    # Each signature is another, and it is not made again.
    assert shop.publish(made(shop), make_context(task_id="publish"), label=given)["counts"] == counts(unchanged=1)
    assert published(shop) == once


def test_without_what_a_label_needs_nothing_is_published(shop: Shop, tmp_path: Path) -> None:
    nothing = str(tmp_path / "nothing.pem")
    for given, said in (
        ({"visible": {"text": "AI生成"}}, "label: Pillow's own font has no '成生': give font="),
        ({"visible": {"text": "AI", "font": nothing}}, "label: the font"),
        ({"c2pa": {"certificate": nothing, "key": nothing}}, "label: the certificate for C2PA cannot be read"),
    ):
        with pytest.raises(InvalidArgumentError, match=said) as caught:
            shop.publish(made(shop), label=given)
        assert "nothing was labelled" in str(caught.value)
        assert shop.get(shop.final(ITEM)) is None


def test_a_time_stamp_that_nobody_gives_may_come_with_a_retry(shop: Shop, tmp_path: Path) -> None:
    pytest.importorskip("c2pa", reason="c2pa-python is not installed")
    certificate, key, _ = chain()
    (tmp_path / "chain.pem").write_bytes(certificate)
    (tmp_path / "key.pem").write_bytes(key)
    given = {"c2pa": {"certificate": str(tmp_path / "chain.pem"), "key": str(tmp_path / "key.pem")}}
    given["c2pa"]["timestamp_url"] = "http://127.0.0.1:9/nobody"
    with pytest.raises(PublicationFailedError) as caught:
        shop.publish(made(shop), label=given)
    assert not isinstance(caught.value, PublicationRefusedError)
    assert shop.get(shop.final(ITEM)) is None


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ("none", "label: expected 'metadata', None, or a dict with any of producer, propagator"),
        ([], "label: expected 'metadata', None, or a dict"),
        ({"maker": "x"}, "label: expected a dict with any of producer, propagator, source_type, visible, c2pa"),
        ({"producer": " "}, r"label\['producer'\]: expected a text that is not empty"),
        ({"producer": "a\nb"}, r"label\['producer'\]: expected a line of up to 1,000 printable characters"),
        ({"source_type": "digitalCapture"}, r"label\['source_type'\]: expected one of http"),
        ({"visible": "AI"}, r"label\['visible'\]: expected a dict with any of text, corner, share, font"),
        ({"visible": {"corner": "top left"}}, r"label\['visible'\]: expected a dict with text"),
        ({"visible": {"text": "AI", "corner": "middle"}}, r"label\['visible'\]\['corner'\]: expected top left or"),
        ({"visible": {"text": "AI", "share": 0.01}}, r"label\['visible'\]\['share'\]: expected 0.05 to 0.5"),
        ({"c2pa": {"key": "k"}}, r"label\['c2pa'\]: expected a dict with certificate and key"),
        ({"c2pa": {"key": "k", "certificate": "c", "timestamp_url": "x"}}, r"\['timestamp_url'\]: expected an http"),
    ],
)
def test_a_label_that_cannot_be_used_is_refused_when_the_dag_is_read(given: Any, said: str) -> None:
    with pytest.raises(ValueError, match=said):
        CataloguePublishOperator(task_id="publish", pictures="cos:///p.jsonl", catalogue="cos:///shop", label=given)


PEM = "-----BEGIN PRIVATE KEY-----\nMIGHAgEAMBMGByqGSM49AgEGCCqGSM49\n-----END PRIVATE KEY-----\n"


@pytest.mark.parametrize(
    "given",
    [
        {"c2pa": {"certificate": "/etc/chain.pem", "key": PEM}},
        {"c2pa": {"key": PEM}},
        {"c2pa": {"certificate": "/etc/chain.pem", "private_key": PEM}},
        {"c2pa": PEM},
        {"producers": "x", "c2pa": {"certificate": "/etc/chain.pem", "key": PEM}},
        {"c2pa": {"certificate": PEM, "key": "/etc/key.pem"}},
        [{"key": PEM}],
        PEM,
    ],
)
def test_a_key_in_place_of_its_path_is_told_without_the_key(given: Any) -> None:
    with pytest.raises(ValueError, match=r"label.*: expected") as caught:
        CataloguePublishOperator(task_id="publish", pictures="cos:///p.jsonl", catalogue="cos:///shop", label=given)
    assert "MIGHAgEA" not in str(caught.value)


def test_a_label_is_rendered(shop: Shop) -> None:
    operator = CataloguePublishOperator(
        task_id="publish",
        pictures=made(shop),
        unchecked=True,
        label={"producer": "{{ params.who }}", "propagator": "shop"},
    )
    context = make_context(task_id="publish")
    operator.render_template_fields({**context, "params": {"who": "Merchant Ltd"}})
    operator.execute(context)
    found = read_label(published(shop))
    assert found is not None
    assert (found.producer, found.propagator) == ("Merchant Ltd", "shop")
    assert json.dumps(operator.picture_label)
