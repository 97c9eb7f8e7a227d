"""The two sites of Tencent Cloud: which regions an endpoint of MPS serves, and how often it may be asked.

Sources: "Request Structure" and "Common Params" of MPS on the international site
(https://www.tencentcloud.com/document/product/1041/33627, .../33628), DescribeImageTaskDetail there
(https://www.tencentcloud.com/document/product/1041/70401: 100 requests per second; on the other site 20), and the
regions that the SDK of the international site names.
"""

from __future__ import annotations

import re

CHINA_CONSOLE = "https://console.cloud.tencent.com"
INTERNATIONAL_CONSOLE = "https://console.tencentcloud.com"
INTERNATIONAL_LOOK_LIMIT = 100

_DOMAIN = "tencentcloudapi.com"
_REGIONAL = re.compile(rf"[a-z0-9]+\.([a-z]{{2,}}-[a-z0-9-]+)\.(?:intl\.)?{re.escape(_DOMAIN)}")
_REGIONS_PAGE = "https://www.tencentcloud.com/document/product/1041/33628"
_ABROAD = "ap-singapore, ap-hongkong, ap-jakarta, ap-seoul, ap-tokyo, eu-frankfurt or na-siliconvalley"
_MAINLAND = frozenset({"beijing", "chengdu", "chongqing", "guangzhou", "nanjing", "shanghai", "shenzhen", "tianjin"})


def is_international(endpoint: str) -> bool:
    """Tell whether ``host[:port]`` is of the international site."""
    return _host(endpoint).endswith(f".intl.{_DOMAIN}")


def tasks_page(endpoint: str) -> str:
    """Return the page of the console with the tasks of MPS; empty for an endpoint that is not Tencent Cloud's.

    Source: https://www.tencentcloud.com/document/product/1041/58240; the console of the other site has the same path.

    :param endpoint: ``host[:port]``
    """
    if not _host(endpoint).endswith(f".{_DOMAIN}"):
        return ""
    return f"{INTERNATIONAL_CONSOLE if is_international(endpoint) else CHINA_CONSOLE}/mps/tasks"


def is_mainland(region: str) -> bool:
    """Tell whether a region such as ``ap-guangzhou`` or ``ap-shanghai-fsi`` is in mainland China."""
    return bool(_MAINLAND.intersection(region.split("-")))


def region_of(endpoint: str) -> str:
    """Return the region that an endpoint names, such as ``mps.ap-singapore.tencentcloudapi.com``; empty for none."""
    match = _REGIONAL.fullmatch(_host(endpoint))
    return match[1] if match else ""


def advice(endpoint: str) -> str:
    """Say which regions an endpoint of the international site serves."""
    return f"{endpoint} serves none in mainland China: give one such as {_ABROAD}; all of them: {_REGIONS_PAGE}"


def _host(endpoint: str) -> str:
    return endpoint.lower().partition(":")[0].rstrip(".")
