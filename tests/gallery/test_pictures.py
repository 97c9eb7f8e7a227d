from __future__ import annotations

from collections.abc import Callable
from io import BytesIO
from pathlib import Path

import pytest
from PIL import Image

from airflow_provider_mps.core.gallery_paths import Size
from airflow_provider_mps.gallery import pictures as module
from airflow_provider_mps.gallery.pictures import NotShownError, Pictures
from airflow_provider_mps.gallery.sources import AidgePicture, CosPicture, StoredPicture
from airflow_provider_mps.local.pictures.sample_pictures import LARGE_SAMPLE
from airflow_provider_mps.local.service import LocalService
from airflow_provider_mps.operators.aidge import AidgeBackgroundGenerationOperator
from tests.task_context import execute, make_context

RUN = ("dag", "run")


def stored(service: LocalService, key: str, data: bytes, conn_id: str | None = "tencentcloud_default") -> CosPicture:
    service.put_object(service.bucket, key, data)
    return CosPicture(service.bucket, service.region, key, conn_id)


def picture(kind: str, side: int = 1600) -> bytes:
    buffer = BytesIO()
    Image.linear_gradient("L").resize((side, side // 2)).convert("RGB").save(buffer, kind)
    return buffer.getvalue()


@pytest.mark.usefixtures("conn_id")
def test_a_picture_in_each_size(service: LocalService) -> None:
    data = picture("PNG")
    source, pictures = stored(service, "/a.png", data), Pictures()
    for size, side in ((Size.THUMB, 320), (Size.PAGE, 1280)):
        served = pictures.get(RUN, source, size)
        with Image.open(BytesIO(served.data)) as found:
            assert (served.content_type, found.format, found.size) == ("image/jpeg", "JPEG", (side, side // 2))
    assert pictures.get(RUN, source, Size.FULL) == (data, "image/png")


@pytest.mark.usefixtures("conn_id")
def test_small_ones_are_kept_for_their_run_and_whole_ones_are_not(service: LocalService) -> None:
    source, pictures = stored(service, "/a.png", picture("PNG")), Pictures()

    def fetched() -> int:
        return len([one for one in service.calls("GetObject") if one.executed])

    for size in (Size.THUMB, Size.THUMB, Size.FULL, Size.FULL):
        pictures.get(RUN, source, size)
    assert fetched() == 3
    # Another run may have another picture under this key.
    pictures.get(("dag", "next run"), source, Size.THUMB)
    assert fetched() == 4


@pytest.mark.usefixtures("conn_id")
@pytest.mark.parametrize(
    "data", [b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>", b"<html>", b"", b"PK\x03\x04"]
)
@pytest.mark.parametrize("size", list(Size))
def test_what_is_no_picture_is_not_handed_on(service: LocalService, data: bytes, size: Size) -> None:
    with pytest.raises(NotShownError) as failed:
        Pictures().get(RUN, stored(service, "/a.svg", data), size)
    assert failed.value.status == 415


@pytest.mark.usefixtures("conn_id")
def test_a_large_file_is_not_fetched(service: LocalService, monkeypatch: pytest.MonkeyPatch) -> None:
    source = stored(service, "/a.png", picture("PNG"))
    monkeypatch.setattr(module, "MAX_BYTES", 100)
    with pytest.raises(NotShownError, match="at most 100 are shown") as failed:
        Pictures().get(RUN, source, Size.FULL)
    assert (failed.value.status, service.calls("GetObject")) == (413, [])


@pytest.mark.usefixtures("conn_id")
def test_what_is_gone_is_told(service: LocalService) -> None:
    gone = CosPicture(service.bucket, service.region, "/gone.png", "tencentcloud_default")
    with pytest.raises(NotShownError, match="not there any more") as failed:
        Pictures().get(RUN, gone, Size.THUMB)
    assert failed.value.status == 404


def test_a_connection_that_is_refused_or_unknown_is_told_without_secrets(
    service: LocalService, connect: Callable[..., str]
) -> None:
    conn_id = connect(login="AKIDwrong", password="a-secret-that-nobody-may-see")
    for known in (conn_id, "nowhere"):
        with pytest.raises(NotShownError) as failed:
            Pictures().get(RUN, stored(service, "/a.png", picture("PNG"), known), Size.THUMB)
        assert failed.value.status == 502
        assert "a-secret" not in str(failed.value)


@pytest.mark.usefixtures("conn_id", "aidge_conn_id")
def test_aidge_is_asked_for_the_address_of_the_moment(service: LocalService) -> None:
    generate = AidgeBackgroundGenerationOperator(
        task_id="generate",
        image_path=f"cos://{service.bucket}/samples/{LARGE_SAMPLE}",
        scene_id=9,
        image_num=2,
        wait_for_completion=True,
        deferrable=False,
        poll_interval=0.2,
    )
    task_id = execute(generate, make_context())["TaskId"]
    pictures = Pictures()
    served = pictures.get(RUN, AidgePicture(task_id, 2, "aidge_default"), Size.PAGE)
    assert served.content_type == "image/jpeg"
    with pytest.raises(NotShownError) as failed:
        pictures.get(RUN, AidgePicture(task_id, 9, "aidge_default"), Size.PAGE)
    assert failed.value.status == 502


def test_files_of_the_server_are_no_pictures(tmp_path: Path) -> None:
    file = tmp_path / "a.png"
    file.write_bytes(picture("PNG"))
    for address in (str(file), file.as_uri(), f"local://{file}"):
        with pytest.raises(NotShownError):
            Pictures().get(RUN, StoredPicture(address, None), Size.FULL)


@pytest.mark.usefixtures("conn_id")
@pytest.mark.parametrize(("kind", "is_drawn"), [("PNG", False), ("WEBP", False), ("JPEG", True)])
def test_what_would_take_hundreds_of_megabytes_is_not_decoded(
    service: LocalService, monkeypatch: pytest.MonkeyPatch, kind: str, is_drawn: bool
) -> None:
    monkeypatch.setattr(module, "MAX_PIXELS", 1_000_000)
    source = stored(service, "/large", picture(kind))
    if is_drawn:
        assert Pictures().get(RUN, source, Size.THUMB).content_type == "image/jpeg"
    else:
        with pytest.raises(NotShownError, match="1,280,000 pixels, and at most 1,000,000 are decoded") as failed:
            Pictures().get(RUN, source, Size.THUMB)
        assert failed.value.status == 415
    # A browser has room of its own.
    assert Pictures().get(RUN, source, Size.FULL).data == picture(kind)
