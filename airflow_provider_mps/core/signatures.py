"""Which parts of an address are a signature: what the services' documents say, one row for each way of signing.

A signature is another one each time that an address is signed, and does not say which picture is meant. One word alone
(``md5``, ``token``, ``sign``) is no signature, as others name their pictures so: a row asks for the whole company of
parameters that its document describes, and for values of their form.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache, cached_property
from urllib.parse import unquote

# Forms of values. HEX: MD5, SHA-1, SHA-256. OPAQUE: a digest in Base64, or what a service encrypted.
ANY = r".+"
HEX = r"[0-9a-fA-F]{32,128}"
OPAQUE = r"[\w+/=.~:@-]{16,}"
SECONDS = r"[0-9]+"
TIME = r"[0-9]+|[0-9a-fA-F]{8}"
# Beside words that others use too, a time that can be one: what names a picture may stand beside a size or an age.
MOMENT = r"[12]\d{9}(?:\d{3})?"
MOMENT_OR_HEX = rf"{MOMENT}|[5-7][0-9a-fA-F]{{7}}"

# What a path can hold. The time in hexadecimal digits is one after 2012, so no date such as 20261127.
_MINUTE = r"20\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:[01]\d|2[0-3])[0-5]\d"
_SECOND = r"(?:[5-7][0-9a-fA-F]{7}|[12]\d{9})"
_HASH = r"(?:[0-9a-fA-F]{64}|[0-9a-fA-F]{32})"

_V4_FIELDS = (
    *("algorithm", "credential", "date", "expires", "signedheaders", "signedqueries", "signature", "policy"),
    *("signature-version", "additional-headers", "security-token", "content-sha256", "access-key-id"),
)


@dataclass(frozen=True)
class Scheme:
    """A way of signing addresses.

    :param source: the page that describes it, or where it is known from
    :param marks: parameters that are all there, in lower case, with the form of their value; ``*`` for a value of a
        form of its own, whatever its parameter is called
    :param beside: parameters that belong to it, where it is used
    :param path: form of a part of the path
    """

    source: str
    marks: Mapping[str, str] = field(default_factory=dict)
    beside: frozenset[str] = frozenset()
    path: str = ""

    def parameters(self, query: Sequence[tuple[str, str]]) -> set[int]:
        """Return which parameters of a query are this signature.

        :param query: names in lower case, with their decoded values
        """
        if "*" in self.marks:
            return {index for index, (_, value) in enumerate(query) if self._forms["*"].fullmatch(value)}
        found: dict[str, set[int]] = {}
        for index, (name, value) in enumerate(query):
            if name in self.marks and self._forms[name].fullmatch(value):
                found.setdefault(name, set()).add(index)
        if found.keys() != self.marks.keys():
            return set()
        beside = {index for index, (name, _) in enumerate(query) if name in self.beside}
        return beside.union(*found.values())

    @cached_property
    def _forms(self) -> dict[str, re.Pattern[str]]:
        # Compiled when an address is looked at, not when a DAG file is read.
        return {name: re.compile(form) for name, form in self.marks.items()}


def _names(text: str) -> frozenset[str]:
    return frozenset(text.split())


def _v4(source: str, prefix: str) -> Scheme:
    return Scheme(source, {f"{prefix}signature": ANY}, frozenset(prefix + name for name in _V4_FIELDS))


def _v2(source: str, who: str, beside: str = "") -> Scheme:
    return Scheme(source, {"signature": ANY, "expires": ANY, who: ANY}, _names(beside))


SCHEMES: dict[str, Scheme] = {
    # Object storage
    "Tencent COS": Scheme(
        "https://cloud.tencent.com/document/product/436/7778",
        {"q-signature": ANY},
        _names("q-sign-algorithm q-ak q-sign-time q-key-time q-header-list q-url-param-list x-cos-security-token"),
    ),
    "Alibaba OSS V1": _v2(
        "https://help.aliyun.com/zh/oss/developer-reference/ddd-signatures-to-urls", "ossaccesskeyid", "security-token"
    ),
    "Alibaba OSS V4": _v4("https://help.aliyun.com/zh/oss/developer-reference/add-signatures-to-urls", "x-oss-"),
    "Volcengine TOS": _v4("https://www.volcengine.com/docs/6349/129226", "x-tos-"),
    "Huawei OBS": _v2(
        "https://support.huaweicloud.com/api-obs/obs_04_0011.html", "accesskeyid", "x-obs-security-token x-obs-date"
    ),
    "Baidu BOS": Scheme(
        "https://intl.cloud.baidu.com/doc/Reference/s/3jwvz1x2e-en",
        {"authorization": r"bce-auth-v\d/.+"},
        _names("x-bce-security-token x-bce-date"),
    ),
    "Kingsoft KS3 V2": _v2("https://docs.ksyun.com/documents/2321", "kssaccesskeyid", "x-kss-security-token"),
    "Kingsoft KS3 V4": _v4("https://docs.ksyun.com/documents/6890", "x-kss-"),
    "Sina SCS": Scheme(
        "no public page: what addresses of pictures at Sina look like", {"ssig": ANY, "expires": ANY}, _names("kid")
    ),
    "UCloud US3": _v2("https://github.com/ucloud/ufile-sdk-python", "ucloudpublickey"),
    "QingStor": _v2("https://github.com/qingstor-incubating/qingstor-demo-signature-server-api-specs", "access_key_id"),
    "S3 V4": _v4("https://docs.aws.amazon.com/AmazonS3/latest/API/sigv4-query-string-auth.html", "x-amz-"),
    "S3 V2": _v2(
        "https://docs.aws.amazon.com/AmazonS3/latest/userguide/RESTAuthentication.html",
        "awsaccesskeyid",
        "x-amz-security-token",
    ),
    "Google Cloud Storage V4": _v4("https://cloud.google.com/storage/docs/authentication/signatures", "x-goog-"),
    "Google Cloud Storage V2": _v2(
        "https://cloud.google.com/storage/docs/access-control/signed-urls-v2", "googleaccessid"
    ),
    "Azure SAS": Scheme(
        "https://learn.microsoft.com/rest/api/storageservices/create-service-sas",
        {"sig": ANY, "sv": r"20\d\d-\d\d-\d\d"},
        _names("st se sr sp spr sip si ss srt ses sdd skoid sktid skt ske sks skv saoid suoid scid sduoid skdutid"),
    ),
    "OpenStack Swift": Scheme(
        "https://docs.openstack.org/swift/latest/api/temporary_url_middleware.html",
        {"temp_url_sig": ANY, "temp_url_expires": ANY},
        _names("temp_url_prefix temp_url_ip_range"),
    ),
    "Qiniu Kodo": Scheme(
        "https://developer.qiniu.com/kodo/1202/download-token",
        {"e": MOMENT, "token": r"[\w-]+:[\w=-]{16,}"},
    ),
    "NetEase NOS": _v2("no public page today: its SDK, https://github.com/NetEase-Object-Storage", "nosaccesskeyid"),
    "Xiaomi FDS": _v2("https://github.com/XiaoMi/galaxy-fds-sdk-python", "galaxyaccesskeyid"),
    "Oracle Object Storage": Scheme(
        "https://docs.oracle.com/en-us/iaas/Content/Object/Tasks/usingpreauthenticatedrequests.htm",
        path=r"^/p/[\w-]{32,}(?=/n/[^/]+/b/[^/]+/o/.)",
    ),
    # Content delivery
    "CDN type A (Tencent, Alibaba, Huawei, Volcengine, Baidu)": Scheme(
        "https://www.tencentcloud.com/document/product/228/35222",
        {"*": rf"(?:\d{{10}}|[5-7][0-9a-fA-F]{{7}})-\w*-\w+-{HEX}"},
    ),
    "CDN type A, auth_key": Scheme(
        "https://help.aliyun.com/zh/cdn/user-guide/type-a-signing", {"auth_key": r"\w+-\w+-\w+-\w{12,}"}
    ),
    "CDN type B (Tencent, Alibaba, Huawei, Volcengine)": Scheme(
        "https://tencentcloud.com/document/product/228/35223", path=rf"^/{_MINUTE}/{_HASH}(?=/.)"
    ),
    "CDN type C (Tencent, Alibaba, Huawei C1, Volcengine)": Scheme(
        "https://tencentcloud.com/document/product/228/35224", path=rf"^/{_HASH}/{_SECOND}(?=/.)"
    ),
    "Alibaba CDN type C in the query": Scheme(
        "https://www.alibabacloud.com/help/en/dcdn/type-c-signing", {"key1": OPAQUE, "key2": TIME}
    ),
    "CDN type D (Tencent, Volcengine, Qiniu, Tencent VOD)": Scheme(
        "https://intl.cloud.tencent.com/document/product/228/35225",
        {"sign": OPAQUE, "t": MOMENT_OR_HEX},
        # https://cloud.tencent.com/document/product/266/14047
        _names("us exper rlimit whref bkref"),
    ),
    "Alibaba CDN type F": Scheme(
        "https://www.alibabacloud.com/help/en/cdn/user-guide/authentication-method-f-description",
        {"sign": OPAQUE, "time": MOMENT_OR_HEX},
    ),
    "Huawei CDN type C2": Scheme(
        "https://support.huaweicloud.com/en-us/usermanual-cdn/cdn_01_0140.html",
        {"auth_key": OPAQUE, "timestamp": MOMENT_OR_HEX},
    ),
    "Huawei auth_info": Scheme(
        "https://support.huaweicloud.com/iLive-live/live_01_0049.html", {"auth_info": r"[\w+/=%-]{16,}\.\w+"}
    ),
    "Huawei hwSecret": Scheme(
        "https://support.huaweicloud.com/intl/en-us/iLive-live/live_01_0049.html", {"hwsecret": OPAQUE, "hwtime": TIME}
    ),
    "Wangsu": Scheme(
        "no public page: what addresses that Wangsu serves look like",
        {"wssecret": OPAQUE, "wstime": TIME},
        _names("keeptime"),
    ),
    "Upyun": Scheme("https://docs.upyun.com/cdn/feature/", {"_upt": r"\w{8}[0-9]{10}"}, _names("_upp")),
    "Akamai": Scheme(
        "https://techdocs.akamai.com/property-mgr/docs/auth-token-2-0-ver",
        {"*": r"(?:[\w-]+=[^~]*~)+hmac=[0-9a-fA-F]{16,}"},
        path=r"/(?:[\w-]+=)?(?:[\w-]+=[^~]*~)+hmac=[0-9a-fA-F]{16,}(?=/.)",
    ),
    "CloudFront": Scheme(
        "https://docs.aws.amazon.com/AmazonCloudFront/latest/DeveloperGuide/private-content-signed-urls.html",
        {"signature": ANY, "key-pair-id": ANY},
        _names("expires policy hash-algorithm"),
    ),
    "Google Cloud CDN": Scheme(
        "https://cloud.google.com/cdn/docs/using-signed-urls",
        {"signature": ANY, "keyname": ANY},
        _names("expires urlprefix"),
    ),
    "Google Media CDN": Scheme(
        "https://cloud.google.com/media-cdn/docs/generate-tokens",
        {"edge-cache-token": r"(?i:.*(?:signature|hmac)=.+)"},
        path=r"/edge-cache-token=[^/]+(?=/.)",
    ),
    "Cloudflare token": Scheme(
        "https://developers.cloudflare.com/waf/custom-rules/use-cases/configure-token-authentication/",
        {"verify": r"[0-9]{9,}-[\w+/=-]{16,}"},
    ),
    "Cloudflare Images": Scheme(
        "https://developers.cloudflare.com/images/manage-images/serve-images/serve-private-images/",
        {"sig": OPAQUE, "exp": MOMENT},
    ),
    "Fastly": Scheme(
        "https://www.fastly.com/documentation/guides/security/access-control-and-other/enabling-url-token-validation/",
        {"token": r"(?:0x)?[0-9a-fA-F]{8,10}_(?:0x)?[0-9a-fA-F]{32,64}"},
    ),
    "Bunny": Scheme(
        "https://docs.bunny.net/docs/cdn-token-authentication",
        {"token": OPAQUE, "expires": MOMENT},
        _names("token_path token_countries token_countries_blocked token_ver limit"),
        path=r"/bcdn_token=[^/]+(?=/.)",
    ),
    "KeyCDN": Scheme("https://www.keycdn.com/support/secure-token", {"token": OPAQUE, "expire": MOMENT}),
    "nginx secure link": Scheme(
        "https://nginx.org/en/docs/http/ngx_http_secure_link_module.html", {"md5": r"[\w+/=-]{12,}", "expires": MOMENT}
    ),
    "CDN77": Scheme(
        "https://client.cdn77.com/support/knowledgebase/cdn-resource/how-do-i-set-up-signed-urls",
        {"secure": rf"[\w=-]{{16,}},{MOMENT}"},
        path=rf"^/[\w=-]{{16,}},{MOMENT}(?=/.)",
    ),
    "OnApp (CDNsun, LightCDN and others)": Scheme(
        "https://cdnsun.com/knowledgebase/cdn-static/setting-a-url-signing-protect-your-cdn-content",
        {"secure": r"[\w+/=-]{12,}", "expires": MOMENT},
        path=rf"^/secure=[\w+=-]{{12,}}&expires={MOMENT}[^/]*(?=/.)",
    ),
    # Picture services
    "imgix": Scheme("https://docs.imgix.com/setup/securing-images", {"s": HEX, "expires": MOMENT}),
    "Filestack": Scheme(
        "https://www.filestack.com/docs/security/policies/",
        {"policy": OPAQUE, "signature": HEX},
        path=r"/security=p(?:olicy)?:[\w=+-]+,s(?:ignature)?:[0-9a-fA-F]{32,128}(?=/.)",
    ),
    "ImageKit": Scheme("https://imagekit.io/docs/media-delivery-basic-security", {"ik-s": OPAQUE}, _names("ik-t")),
    "ByteDance": Scheme("https://www.volcengine.com/docs/508/131844", {"x-signature": ANY, "x-expires": SECONDS}),
    "Discord": Scheme(
        "https://discord.com/developers/docs/reference#signed-attachment-cdn-urls",
        {"ex": TIME, "is": TIME, "hm": HEX},
    ),
}

# RFC 7519, as Supabase, Contentful and others use it: https://supabase.com/docs/guides/storage/serving/downloads
_JWT = re.compile(r"eyJ[\w-]+\.(eyJ[\w-]+)\.[\w-]*")
_JWT_TIMES = ("exp", "iat", "nbf", "jti")


def signed_parameters(query: str) -> set[int]:
    """Return which of the parameters of a query are a signature, by their place.

    :param query: parameters with ``&`` between them
    """
    if not query:
        return set()
    pairs = [(unquote(name).lower(), unquote(value)) for name, _, value in _parts(query)]
    names = {"*", *(name for name, _ in pairs)}
    found: set[int] = set()
    for scheme in SCHEMES.values():
        if scheme.marks and scheme.marks.keys() <= names:
            found |= scheme.parameters(pairs)
    return found


def unsigned_query(query: str) -> str:
    """Return a query without its signature; a JSON Web Token counts by what it says of the picture."""
    signed = signed_parameters(query)
    return "&".join(_claims(part) for index, part in enumerate(query.split("&")) if index not in signed)


def path_signatures(path: str) -> list[str]:
    """Return the parts of a path that are a signature, each with the slash before it."""
    return [match.group() for form in _path_forms() for match in form.finditer(path)]


def unsigned_path(path: str, put: str = "") -> str:
    """Return a path without its signature.

    :param put: what stands in its place
    """
    for part in path_signatures(path):
        path = path.replace(part, put, 1)
    return path


@cache
def _path_forms() -> list[re.Pattern[str]]:
    return [re.compile(scheme.path) for scheme in SCHEMES.values() if scheme.path]


def _parts(query: str) -> list[tuple[str, str, str]]:
    return [part.partition("=") for part in query.split("&")]


def _claims(part: str) -> str:
    name, _, value = part.partition("=")
    match = _JWT.fullmatch(value)
    if match is None:
        return part
    try:
        claims = json.loads(base64.urlsafe_b64decode(match.group(1) + "=="))
    except ValueError:
        return part
    if not isinstance(claims, dict):
        return part
    return f"{name}={json.dumps({key: claims[key] for key in sorted(claims.keys() - set(_JWT_TIMES))})}"
