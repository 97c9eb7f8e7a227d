"""Which addresses may mean the same picture, where the kind of the signature is not known."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.identity import loosely_unsigned_url, map_addresses, unsigned_folders, unsigned_url

HOST = "https://img.example.com"
A, B = "0a1b2c3d4e5f60718293a4b5c6d7e8f9", "f9e8d7c6b5a4938271605f4e3d2c1b0a"


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/cup.png?token=aaaa", "/cup.png?token=bbbb"),
        ("/cup.png?v=1&token=aaaa&expires=soon", "/cup.png?v=1&token=bbbb&expires=soon"),
        (f"/cup.png?my_sign={A}&my_time=1700000000", f"/cup.png?my_sign={B}&my_time=1700000300"),
        (f"/cup.png?x={A}&until=1700000000", f"/cup.png?x={B}&until=1700000300"),
        (f"/s/{A}/1700000000/cup.png", f"/s/{B}/1700000300/cup.png"),
        (f"/s/6568a0b0/{A}/cup.png", f"/s/6568a1dc/{B}/cup.png"),
        ("/cup.png?hdntl=aaaa", "/cup.png?hdntl=bbbb"),
        ("/cup.png?X-Sig=aaaa&nonce=1", "/cup.png?X-Sig=bbbb&nonce=2"),
        ("/cup.png?access_token=aaaa", "/cup.png?access_token=bbbb"),
        ("/cup.png?auth_info=aaaa", "/cup.png?auth_info=bbbb"),
        (f"/cup.png?{A}", f"/cup.png?{B}"),
        (f"/cup.jpg?oh=00_{A}&oe=65A1B2C3", f"/cup.jpg?oh=00_{B}&oe=65A1C4D5"),
        ("/cup.png?sign=aaaa&timestamp=1700000000&nonce_str=x", "/cup.png?sign=bbbb&timestamp=1700000300&nonce_str=y"),
        (f"/image?k={A}&t=6568a0b0&id=7", f"/image?k={B}&t=6568a1dc&id=7"),
        (f"/v3/{A}x/1700000000000/cup", f"/v3/{B}x/1700000300000/cup"),
        ("/cup.png?secret=aaaa&ts=1700000000000", "/cup.png?secret=bbbb&ts=1700000300000"),
        ("/cup.png?sign=aaaa&t=1", "/cup.png?sign=bbbb&t=2"),
        (f"/cup.png?validfrom=1700000000&validto=1700003600&hash={A}", f"/cup.png?validfrom=1&validto=2&hash={B}"),
        (f"/cup.png?s=1700000000&e=1700003600&h={A}", f"/cup.png?s=1700000300&e=1700003900&h={B}"),
        (f"/download?fileid=1&rkey=CAIS{A}", f"/download?fileid=1&rkey=CAIS{B}"),
        (f"/pic/0?auth_code={A}", f"/pic/0?auth_code={B}"),
        (f"/cover/a/?sessionToken={A}", f"/cover/a/?sessionToken={B}"),
        (f"/cup.png?UCloudPublicKey=TOKEN_{A}&Signature={A}", f"/cup.png?UCloudPublicKey=TOKEN_{B}&Signature={B}"),
        (f"/a?sign={A}&time=1700000000&dp-logid=123456", f"/a?sign={B}&time=1700000300&dp-logid=654321"),
        # Letters alone, as one of many signatures in Base64 has them.
        ("/s/kaGdXcuqIyiLDgfXajyaRw/1700000000/cup.png", "/s/mbGdXcuqIyiLDgfXajyaRw/1700000300/cup.png"),
    ],
)
def test_what_may_be_a_signature_is_left_out_loosely_only(one: str, other: str) -> None:
    assert unsigned_url(HOST + one) != unsigned_url(HOST + other)
    assert loosely_unsigned_url(HOST + one) == loosely_unsigned_url(HOST + other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("/cup.png?token=aaaa", "/mug.png?token=aaaa"),
        ("/image?id=1&token=aaaa", "/image?id=2&token=aaaa"),
        ("/image?t=1", "/image?t=2"),
        ("/image?v=1700000000", "/image?v=1700000001"),
        ("/image?expires=1700000000", "/image?expires=1700000300"),
        (f"/image?file={A}&until=1700000000", f"/image?file={B}&until=1700000000"),
        (f"/image?{A}", f"/image?{B}"),
        (f"/cup.png?v={A}", f"/cup.png?v={B}"),
        (f"/cup.png?id={A}", f"/cup.png?id={B}"),
        ("/cup.png?colour=red", "/cup.png?colour=blue"),
        (f"/{A}/cup.png", f"/{B}/cup.png"),
        (f"/20261127/{A}.png", f"/20261127/{B}.png"),
        (f"/s/1700000000/{A}", f"/s/1700000000/{B}"),
        ("/image?size=800x800", "/image?size=400x400"),
        ("/image?key=aaaa&t=1", "/image?key=bbbb&t=1"),
        ("/summer-sale-banner/1700000000/cup.png", "/winter-sale-banner/1700000000/cup.png"),
        ("/cup.png?style=SummerSaleBanner", "/cup.png?style=WinterSaleBanner"),
        ("/image?name=cup&sign=", "/image?name=mug&sign="),
    ],
)
def test_what_is_no_signature_counts_loosely_too(one: str, other: str) -> None:
    assert loosely_unsigned_url(HOST + one) != loosely_unsigned_url(HOST + other)


@given(st.text(max_size=30), st.text(max_size=30))
def test_any_text_has_an_identity(one: str, other: str) -> None:
    """Equal strictly is equal loosely, and doing it twice changes nothing."""
    for text in (f"{HOST}/{one}?{other}", f"https://{one}/{other}", one):
        assert unsigned_url(unsigned_url(text)) == unsigned_url(text)
        assert loosely_unsigned_url(unsigned_url(text)) == loosely_unsigned_url(text)


def test_addresses_are_found_wherever_they_stand() -> None:
    signed = f"{HOST}/cup.png?q-signature={A}"
    body = {"Url": signed, "StdExtInfo": f'{{"Mask":"{signed}","n":1}}', "list": [signed, 3, None, "words"], "n": True}
    bare = f"{HOST}/cup.png"
    assert map_addresses(body, unsigned_url) == {
        "Url": bare,
        "StdExtInfo": f'{{"Mask":"{bare}","n":1}}',
        "list": [bare, 3, None, "words"],
        "n": True,
    }


def test_a_path_is_known_under_another_signature() -> None:
    for one, other in (
        (f"/202611271200/{A}/in/cup.png", f"/202611271205/{B}/in/cup.png"),
        (f"/in/{A}/6568a0b0/c", "/in/c"),
    ):
        assert unsigned_folders(one) == unsigned_folders(other)


@given(st.text("abcdefghijklmnopqrstuvwxyz0123456789", min_size=12))
def test_who_may_fetch_it_and_a_fragment_do_not_count(secret: str) -> None:
    assert unsigned_url(f"https://me:{secret}@img.example/a.jpg?v=1#top") == "https://img.example/a.jpg?v=1"
    assert secret not in unsigned_url(f"https://me:{secret}@[::1/a.jpg?x={secret}")
