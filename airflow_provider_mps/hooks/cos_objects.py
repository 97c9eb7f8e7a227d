"""Objects of COS without their content: look at them, list them, have COS copy them, remove them."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.cos_address import object_address
from airflow_provider_mps.exceptions import invalid_arguments_fail
from airflow_provider_mps.hooks.cos_calls import CosCallsHook
from airflow_provider_mps.services.tencentcloud.objects import ObjectPage, ObjectStat
from airflow_provider_mps.services.tencentcloud.payloads import region_or_default

if TYPE_CHECKING:
    from airflow_provider_mps.clients.cos_objects import ObjectPlace

__all__ = ["CosObjectsHook", "ObjectPage", "ObjectStat"]

MAX_PAGE = 1000


class CosObjectsHook(CosCallsHook):
    """Looks at objects, lists, copies and removes them; keys have a leading slash, which may be left out."""

    def stat_object(self, key: str, bucket: str | None = None) -> ObjectStat | None:
        """Return what COS says of an object; None if there is none.

        :param key: key of the object
        :param bucket: another bucket than the hook's
        :raises TencentCloudPermanentError: there is no such bucket, or COS refused
        :raises TencentCloudError: COS did not answer
        """
        from airflow_provider_mps.clients import cos_objects

        place = self._place(key, bucket)

        def look() -> ObjectStat | None:
            found = cos_objects.look(self.get_conn(), place)
            return found and found.stat

        return self._resend("HeadObject", str(place), look)

    def list_objects(self, prefix: str, bucket: str | None = None, *, marker: str = "") -> Iterator[ObjectStat]:
        """Yield all objects whose key begins with ``prefix``, in the order of their keys in UTF-8.

        Pages of 1,000 are asked for as they are needed. COS may need a moment before it lists what was stored,
        https://cloud.tencent.com/document/product/436/7734; :meth:`stat_object` knows at once.

        :param prefix: what keys begin with; empty or ``/`` for all
        :param bucket: another bucket than the hook's
        :param marker: begin after this key
        """
        while True:
            objects, marker = self.list_page(prefix, bucket, marker=marker)
            yield from objects
            if not marker:
                return

    def list_page(
        self, prefix: str, bucket: str | None = None, *, marker: str = "", limit: int = MAX_PAGE
    ) -> tuple[list[ObjectStat], str]:
        """Return a page of what :meth:`list_objects` yields, with one request.

        :param prefix: what keys begin with (str); empty or ``/`` for all
        :param bucket: another bucket than the hook's (str)
        :param marker: begin after this key (str), default with the first
        :param limit: at most so many (int), from 1 to 1,000, default 1,000
        :return: the objects, and the marker of the next page; an empty one at the end
        """
        page = self._list(prefix, bucket, marker, limit, "")
        return page.objects, page.next_marker

    def list_folder(
        self, prefix: str, bucket: str | None = None, *, marker: str = "", limit: int = MAX_PAGE
    ) -> ObjectPage:
        """Return a page of what is directly in a folder, with one request: its objects, and the folders in it.

        :param prefix: the folder (str), with a slash at its end; empty or ``/`` for the whole bucket
        :param bucket: another bucket than the hook's (str)
        :param marker: begin after this key or folder (str), default with the first
        :param limit: at most so many of both (int), from 1 to 1,000, default 1,000
        """
        return self._list(prefix, bucket, marker, limit, "/")

    def copy_object(
        self,
        source: str,
        key: str,
        bucket: str | None = None,
        *,
        content_type: str | None = None,
        cache_control: str | None = None,
        if_match: str | None = None,
        overwrite: bool = True,
        source_region: str | None = None,
    ) -> ObjectStat:
        """Have COS copy an object of up to 5 GB, and verify the copy: nothing is downloaded.

        Under ``key`` there is at any time the object from before or the whole copy. The other headers of the source,
        and its metadata, are kept.

        :param source: ``cos://bucket/key``, or ``cos:///key`` in the bucket of the hook; read with the hook's own keys
        :param key: key of the copy
        :param bucket: bucket of the copy, where it is another than the hook's
        :param content_type: MIME type of the copy (str); default that of the source
        :param cache_control: ``Cache-Control`` of the copy (str); default that of the source
        :param if_match: ETag that the source must have
        :param overwrite: False refuses a ``key`` that is there already. COS documents no such condition for copies,
            so it is looked up before, and two copies at once may both go through
        :param source_region: region of the source's bucket (str); default that of the hook
        :return: the copy
        :raises TencentCloudPermanentError: the source has another ETag (code ``PreconditionFailed``), or the key is
            taken (code ``FileAlreadyExists``)
        :raises TencentCloudError: there is no such source (code ``NoSuchKey``), COS broke off or did not answer, or
            the copy is not what the source is (code ``NotWhole``)
        """
        from airflow_provider_mps.clients.cos_copy import CosCopy

        to, given = self._place(key, bucket), self._source(source, source_region)
        with invalid_arguments_fail():
            changes = {
                name: arguments.header(argument, value)
                for name, argument, value in (
                    ("Content-Type", "content_type", content_type),
                    ("Cache-Control", "cache_control", cache_control),
                )
                if value is not None
            }
        copying = CosCopy(given, to, changes, if_match, overwrite=overwrite)
        return self._resend(
            "CopyObject", str(to), lambda: copying.run(self._client(given.region), self._client(to.region))
        )

    def delete_object(self, key: str, bucket: str | None = None) -> None:
        """Remove an object; it is no error if there is none.

        :param key: key of the object; with a slash at its end, that of the empty object that marks a folder
        :param bucket: another bucket than the hook's
        """
        from airflow_provider_mps.clients import cos_objects

        place = self._place(key.removesuffix("/"), bucket)
        if key.endswith("/"):
            place = place._replace(key=f"{place.key}/")
        self._resend("DeleteObject", str(place), lambda: cos_objects.delete(self.get_conn(), place))

    def _list(self, prefix: str, bucket: str | None, marker: str, limit: int, delimiter: str) -> ObjectPage:
        from airflow_provider_mps.clients import cos_objects

        with invalid_arguments_fail():
            begins, after = arguments.key_prefix("prefix", prefix), arguments.key_prefix("marker", marker)
            count = arguments.integer("limit", limit, 1, MAX_PAGE)
        name = self._bucket(bucket)
        return self._resend(
            "GetBucket",
            f"cos://{name}/{begins}",
            lambda: cos_objects.list_page(
                self.get_conn(), name, begins, marker=after, limit=count, delimiter=delimiter
            ),
        )

    def _place(self, key: str, bucket: str | None) -> ObjectPlace:
        from airflow_provider_mps.clients.cos_objects import ObjectPlace

        return ObjectPlace(self._bucket(bucket), self._region(), self._key(key))

    def _source(self, source: str, region: str | None) -> ObjectPlace:
        from airflow_provider_mps.clients.cos_objects import ObjectPlace

        with invalid_arguments_fail():
            address = object_address("source", source)
            where = region_or_default("source_region", region or self.cos_region, self.settings.storage)
        return ObjectPlace(self._bucket(address.bucket), where, address.path)
