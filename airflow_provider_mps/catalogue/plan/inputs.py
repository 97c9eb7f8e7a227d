"""What the pictures that items are made from are now: each is asked once, and none is downloaded."""

from __future__ import annotations

import logging
from collections import defaultdict
from collections.abc import Callable, Iterable, Mapping
from itertools import chain
from typing import TypeVar

from airflow_provider_mps.catalogue.plan.cos_tags import tags_of
from airflow_provider_mps.catalogue.plan.sources import CosSource, Source, UrlSource
from airflow_provider_mps.exceptions import TencentCloudPermanentError
from airflow_provider_mps.hooks.cos import CosHook
from airflow_provider_mps.services.tencentcloud.connection import TencentCloudSettings
from airflow_provider_mps.storage.parallel import threads

# Questions at the same time.
AT_ONCE = 16

_log = logging.getLogger(__name__)
_Asked = TypeVar("_Asked")
_Answer = TypeVar("_Answer")


class Inputs:
    """Asks COS and web servers what pictures are now.

    :param tencentcloud_conn_id: Airflow connection for COS; its proxy and certificates are those for web servers too
    :param settings: that connection, read
    """

    def __init__(self, tencentcloud_conn_id: str | None, settings: TencentCloudSettings) -> None:
        self._conn_id = tencentcloud_conn_id
        self._settings = settings
        self._hooks: dict[tuple[str, str], CosHook] = {}
        self.unreachable: set[Source] = set()
        """Addresses at which nobody answered: whether their content has changed is not known."""

    def tags(self, sources: Iterable[Source], urls: Mapping[str, str]) -> dict[Source, str | None]:
        """Return the content tag of each source; None where there is no such file. Those unreachable are left out.

        :param sources: what is asked for; each counts once
        :param urls: the addresses with their signatures, by the address without
        :raises TencentCloudPermanentError: COS refused
        :raises TencentCloudError: COS did not answer
        """
        distinct = set(sources)
        return dict(
            chain(
                self.cos_tags(source for source in distinct if isinstance(source, CosSource)).items(),
                self._url_tags([source for source in distinct if isinstance(source, UrlSource)], urls).items(),
            )
        )

    def cos_tags(self, sources: Iterable[CosSource]) -> dict[CosSource, str | None]:
        """Return the content tag of each object; None where there is none."""
        keys: dict[tuple[str, str], set[str]] = defaultdict(set)
        for source in sources:
            keys[source.bucket, source.region].add(source.key)
        return {
            CosSource(bucket, region, key): tag
            for (bucket, region), them in keys.items()
            for key, tag in self._in_bucket(bucket, region, them).items()
        }

    def check_buckets(self, places: Iterable[CosSource]) -> None:
        """Check that the buckets of some objects are there, be the objects there or not; each is asked for once.

        :raises TencentCloudPermanentError: one is not there, or in another region, or COS refuses to look into it
        """
        for bucket, region, key in places:
            if (bucket, region) not in self._hooks:
                self._hook(bucket, region).stat_object(key)

    def _hook(self, bucket: str, region: str) -> CosHook:
        return self._hooks.setdefault((bucket, region), CosHook(self._conn_id, bucket, region))

    def _in_bucket(self, bucket: str, region: str, keys: Iterable[str]) -> dict[str, str | None]:
        hook = self._hook(bucket, region)
        # Threads share it: the connection is read, and a role assumed, here and once.
        hook.snapshot_credential()

        def look(key: str) -> str | None:
            stat = hook.stat_object(key)
            return None if stat is None else stat.tag

        def may_not_list(error: Exception) -> bool:
            if not isinstance(error, TencentCloudPermanentError) or error.code != "AccessDenied":
                return False
            _log.info("COS refuses to list %s, so its objects are asked for one by one: %s", bucket, error.code)
            return True

        return tags_of(hook, keys, lambda alone: _at_once(look, alone), may_not_list)

    def _url_tags(self, sources: list[UrlSource], urls: Mapping[str, str]) -> dict[UrlSource, str | None]:
        if not sources:
            return {}
        from airflow_provider_mps.clients.url_tags import NoTag, head_client, tag_of

        with head_client(self._settings) as client:
            answers = _at_once(lambda source: tag_of(client, urls[source.address]), sources)
        found: dict[UrlSource, str | None] = {}
        for source, answer in zip(sources, answers, strict=True):
            if answer is NoTag.UNREACHABLE:
                self.unreachable.add(source)
            else:
                # Two pictures may have the same ETag, such as a number, and the same length.
                found[source] = None if isinstance(answer, NoTag) else f"{source.address}\n{answer}"
        return found


def _at_once(ask: Callable[[_Asked], _Answer], them: Iterable[_Asked]) -> list[_Answer]:
    with threads(AT_ONCE, "catalogue-inputs") as pool:
        return list(pool.map(ask, them))
