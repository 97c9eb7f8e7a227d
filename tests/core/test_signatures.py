"""What each service's document says of its signatures: two signings of an address are one request, two pictures two."""

from __future__ import annotations

import base64
import json

import pytest
from hypothesis import given
from hypothesis import strategies as st

from airflow_provider_mps.core.identity import unsigned_url
from airflow_provider_mps.core.redaction import bare_url, redact_urls, url_secrets
from airflow_provider_mps.core.signatures import SCHEMES

HOST = "https://img.example.com"
HEX = st.text("0123456789abcdef", min_size=32, max_size=32)
SIGNINGS = st.tuples(HEX, HEX, st.integers(1_600_000_000, 1_999_999_999))

# Where a way of signing puts what: {p} is the picture, {h} a digest of 32 hexadecimal digits, {s} a time in seconds.
# {g} is the digest's beginning, {x} the time in hexadecimal digits, {m} the minute as a date.
ROWS = {
    "Tencent COS": "/{p}?q-sign-algorithm=sha1&q-ak=AK{h}&q-sign-time={s};{s}&q-key-time={s};{s}&q-header-list=host"
    "&q-url-param-list=&q-signature={h}&x-cos-security-token={h}",
    "Alibaba OSS V1": "/{p}?Expires={s}&OSSAccessKeyId=LT{h}&Signature={h}%3D&security-token={h}",
    "Alibaba OSS V4": "/{p}?x-oss-signature-version=OSS4-HMAC-SHA256&x-oss-credential={h}&x-oss-date={s}"
    "&x-oss-expires=60&x-oss-signature={h}&x-oss-security-token={h}",
    "Volcengine TOS": "/{p}?X-Tos-Algorithm=TOS4-HMAC-SHA256&X-Tos-Credential={h}&X-Tos-Date={s}"
    "&X-Tos-SignedHeaders=host&X-Tos-Signature={h}",
    "Huawei OBS": "/{p}?AccessKeyId={h}&Expires={s}&x-obs-security-token={h}&Signature={h}",
    "Baidu BOS": "/{p}?authorization=bce-auth-v1%2F{h}%2F2026-11-27T08%3A00%3A00Z%2F{s}%2F%2F{h}",
    "Kingsoft KS3 V2": "/{p}?KSSAccessKeyId={h}&Expires={s}&Signature={h}",
    "Kingsoft KS3 V4": "/{p}?X-Kss-Algorithm=A&X-Kss-Credential={h}&X-Kss-Date={s}&X-Kss-Signature={h}",
    "Sina SCS": "/{p}?Expires={s}&ssig={h}%2B&KID=sina,{h}",
    "UCloud US3": "/{p}?UCloudPublicKey={h}&Expires={s}&Signature={h}",
    "QingStor": "/{p}?access_key_id={h}&expires={s}&signature={h}",
    "S3 V4": "/{p}?X-Amz-Algorithm=AWS4-HMAC-SHA256&X-Amz-Credential={h}&X-Amz-Date={s}&X-Amz-Expires=60"
    "&X-Amz-SignedHeaders=host&X-Amz-Security-Token={h}&X-Amz-Signature={h}",
    "S3 V2": "/{p}?AWSAccessKeyId={h}&Expires={s}&Signature={h}",
    "Google Cloud Storage V4": "/{p}?X-Goog-Algorithm=GOOG4-RSA-SHA256&X-Goog-Credential={h}&X-Goog-Date={s}"
    "&X-Goog-Expires=60&X-Goog-SignedHeaders=host&X-Goog-Signature={h}",
    "Google Cloud Storage V2": "/{p}?GoogleAccessId=a%40b&Expires={s}&Signature={h}",
    "Azure SAS": "/{p}?sv=2024-11-04&st={s}&se={s}&sr=b&sp=r&spr=https&skoid={h}&sig={h}%3D",
    "OpenStack Swift": "/{p}?temp_url_sig={h}&temp_url_expires={s}",
    "Qiniu Kodo": "/{p}?e={s}&token=AK{h}:{h}=",
    "NetEase NOS": "/{p}?Signature={h}%3D&Expires={s}&NOSAccessKeyId={h}",
    "Xiaomi FDS": "/{p}?GalaxyAccessKeyId={h}&Expires={s}000&Signature={h}%3D",
    "Oracle Object Storage": "/p/{h}{h}/n/space/b/bucket/o/{p}",
    "CDN type A (Tencent, Alibaba, Huawei, Volcengine, Baidu)": "/{p}?mine={s}-im1acp76-0-{h}",
    "CDN type A, auth_key": "/{p}?auth_key={s}-0-0-{h}",
    "CDN type B (Tencent, Alibaba, Huawei, Volcengine)": "/{m}/{h}/{p}",
    "CDN type C (Tencent, Alibaba, Huawei C1, Volcengine)": "/{h}/{x}/{p}",
    "Alibaba CDN type C in the query": "/{p}?KEY1={h}&KEY2={x}",
    "CDN type D (Tencent, Volcengine, Qiniu, Tencent VOD)": "/{p}?sign={h}&t={x}&exper=0&rlimit=3&us={h}",
    "Alibaba CDN type F": "/{p}?sign={h}&time={s}",
    "Huawei CDN type C2": "/{p}?auth_key={h}{h}&timestamp={x}",
    "Huawei auth_info": "/{p}?auth_info={h}%3D.{h}",
    "Huawei hwSecret": "/{p}?hwSecret={h}&hwTime={x}",
    "Wangsu": "/{p}?wsSecret={h}&wsTime={x}",
    "Upyun": "/{p}?_upp=2&_upt={g}{s}",
    "Akamai": "/{p}?hdnts=st={s}~exp={s}~acl=/*~hmac={h}{h}",
    "CloudFront": "/{p}?Expires={s}&Key-Pair-Id=K{h}&Policy={h}&Signature={h}",
    "Google Cloud CDN": "/{p}?Expires={s}&KeyName=k&Signature={h}",
    "Google Media CDN": "/edge-cache-token=Expires={s}~KeyName=k~Signature={h}/{p}",
    "Cloudflare token": "/{p}?verify={s}-{h}%3D",
    "Cloudflare Images": "/{p}?exp={s}&sig={h}{h}",
    "Fastly": "/{p}?token={s}_{h}",
    "Bunny": "/{p}?token=HS256-{h}&expires={s}&token_path=%2F",
    "KeyCDN": "/{p}?token={h}&expire={s}",
    "nginx secure link": "/{p}?md5={h}&expires={s}",
    "CDN77": "/{p}?secure={h}==,{s}",
    "OnApp (CDNsun, LightCDN and others)": "/{p}?secure={h}&expires={s}",
    "Filestack": "/{p}?policy={h}&signature={h}{h}",
    "imgix": "/{p}?expires={s}&s={h}",
    "ImageKit": "/{p}?ik-t={s}&ik-s={h}",
    "ByteDance": "/{p}?x-expires={s}&x-signature={h}%3D",
    "Discord": "/{p}?ex={x}&is={x}&hm={h}{h}",
}
OTHER_FORMS = {
    "Akamai, in the path": "/hdntl=exp={s}~acl=/*~data=hdntl~hmac={h}/{p}",
    "Akamai, in the path without a name": "/exp={s}~acl=%2F1%2F2%2F%2A~hmac={h}{h}/{p}",
    "CDN77, in the path": "/{h}==,{s}/{p}",
    "OnApp, in the path": "/secure={h}&expires={s}&ip=1.2.3.4/{p}",
    "Filestack, in the path": "/security=p:{h}=,s:{h}{h}/{p}",
    "Akamai, escaped": "/{p}?hdnea=exp%3D{s}%7Eacl%3D%2F%2A%7Ehmac%3D{h}",
    "Akamai's kind, under another name": "/{p}?__token__=exp={s}~hmac={h}",
    "Bunny, in the path": "/bcdn_token={h}&expires={s}&token_path=%2F/{p}",
    "Google Media CDN, in the query": "/{p}?edge-cache-token=Expires={s}~KeyName=k~Signature={h}",
    "CDN type A, with its usual name": "/{p}?sign={s}-im1acp76-0-{h}",
    "CDN type B, SHA-256": "/{m}/{h}{h}/{p}",
    "CDN type C, SHA-256, decimal": "/{h}{h}/{s}/{p}",
    "beside what is done with the picture": "/{p}?x-oss-process=image/resize,w_100&Expires={s}"
    "&OSSAccessKeyId=L&Signature={h}",
}
ALL = ROWS | OTHER_FORMS


def signed(form: str, picture: str, digest: str, seconds: int) -> str:
    minute = f"2026112{seconds % 9 + 1}12{seconds % 60:02d}"
    return HOST + form.format(p=picture, h=digest, g=digest[:8], s=seconds, x=f"{seconds:x}", m=minute)


def test_each_row_has_a_source_and_is_tested() -> None:
    assert ROWS.keys() == SCHEMES.keys()
    assert all(scheme.source for scheme in SCHEMES.values())


@pytest.mark.parametrize("form", ALL.values(), ids=list(ALL))
@given(signing=SIGNINGS)
def test_two_signings_are_one_request_and_two_pictures_are_two(form: str, signing: tuple[str, str, int]) -> None:
    one, other, seconds = signing
    first = unsigned_url(signed(form, "in/cup.png", one, seconds))
    assert first == unsigned_url(signed(form, "in/cup.png", other, seconds + 300))
    folder = "/n/space/b/bucket/o" if "/o/" in form else ""
    assert first.startswith(f"{HOST}{folder}/in/cup.png")
    assert one not in first
    assert first != unsigned_url(signed(form, "in/mug.png", one, seconds))
    # What else the query says may be which picture is meant.
    query = form.replace("{p}", "{p}?v=3&" if "?" in form else "{p}?v=3").replace("&?", "&")
    assert "v=3" in unsigned_url(signed(query, "in/cup.png", one, seconds))


@pytest.mark.parametrize("form", ALL.values(), ids=list(ALL))
@given(signing=SIGNINGS)
def test_no_signature_is_shown(form: str, signing: tuple[str, str, int]) -> None:
    digest, _, seconds = signing
    address = signed(form, "in/cup.png", digest, seconds)
    digest = digest if "{h}" in form else digest[:8]
    for shown in (redact_urls(f"cannot fetch {address}."), bare_url(address)):
        assert digest not in shown
        assert "in/cup.png" in shown
    assert any(digest in secret for secret in url_secrets(f"see {address}"))


@pytest.mark.parametrize(
    "query",
    [
        *(f"{name}=aaaa" for name in ("md5", "token", "sign", "sig", "signature", "verify", "auth_key", "s", "hmac")),
        "wsSecret=aaaa&id=3",
        "token=aaaa&expires=1700000000",
        "sign=aaaa&t=3",
        "md5=0123456789abcdef0123456789abcdef",
        "md5=0123456789abcdef0123456789abcdef&t=12",
        "sig=0123456789abcdef0123456789abcdef&sv=2",
        "e=1&token=aaaa",
        # A size, an age, a number beside a digest: no moment at which a signature ends.
        "sign=0123456789abcdef0123456789abcdef&t=12",
        "sign=0123456789abcdef0123456789abcdef&time=5",
        "md5=0123456789abcdef0123456789abcdef&expires=3600",
        "token=0123456789abcdef0123456789abcdef&expires=3600",
        "token=0123456789abcdef0123456789abcdef&expire=60",
        "auth_key=0123456789abcdef0123456789abcdef&timestamp=20261127",
        "sig=0123456789abcdef0123456789abcdef&exp=2",
        "s=0123456789abcdef0123456789abcdef&expires=60",
        "e=1&token=shop:0123456789abcdef",
        "secure=0123456789abcdef0123456789abcdef&expires=60",
        "file=20261127-cup-red-0123456789abcdef0123456789abcdef",
        "se=en&policy=old&expires=never",
        "token=eyJ.eyJ.x",
        "v=3",
        "",
    ],
)
def test_a_word_alone_is_no_signature(query: str) -> None:
    """Public hosts name their pictures so."""
    url = f"{HOST}/image?{query}".rstrip("?")
    assert unsigned_url(url) == url


@pytest.mark.parametrize(
    "path",
    [
        "/20261127/0123456789abcdef0123456789abcdef/cup.png",
        "/0123456789abcdef0123456789abcdef/20261127/cup.png",
        "/0123456789abcdef0123456789abcdef/cup.png",
        "/in/202611271200/0123456789abcdef0123456789abcdef.png",
        "/202611271200/0123456789abcdef0123456789abcdef",
        "/202699991200/0123456789abcdef0123456789abcdef/cup.png",
    ],
)
def test_a_folder_with_a_digest_or_a_date_is_no_signature(path: str) -> None:
    assert unsigned_url(HOST + path) == HOST + path


def jwt(claims: object) -> str:
    body = base64.urlsafe_b64encode(json.dumps(claims).encode()).decode().rstrip("=")
    return f"eyJhbGciOiJIUzI1NiJ9.{body}.c2lnbmF0dXJl"


def test_a_web_token_counts_by_what_it_says_of_the_picture() -> None:
    def url(claims: object) -> str:
        return unsigned_url(f"{HOST}/sign/cup.png?v=1&token={jwt(claims)}")

    assert url({"url": "cup.png", "iat": 1, "exp": 2}) == url({"exp": 4, "url": "cup.png", "iat": 3})
    assert url({"url": "cup.png", "exp": 2}) != url({"url": "mug.png", "exp": 2})
    assert "eyJ" not in url({"url": "cup.png"})
    assert jwt([1]) in url([1])
