"""The buttons that open the pictures of a task, in Airflow's own pages (3.1 and newer)."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Any

from airflow.providers.common.compat.sdk import BaseOperatorLink, conf

from airflow_provider_mps.compat import SHOWS_PAGES, task_key
from airflow_provider_mps.core.cos_address import is_cos, split_address
from airflow_provider_mps.core.gallery_paths import STORAGES, Size, base_path, gallery_path, picture_path


class GalleryLink(BaseOperatorLink):
    """Opens the gallery with the pictures of the task, also while it waits, and after it has failed.

    A path without a host: the browser is on Airflow's pages already. Where these are beneath a path of their own,
    ``[api] base_url`` has to say so on workers too.
    """

    name = "Pictures"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the path of the page.

        :param operator: the task
        :param ti_key: which of its instances
        """
        key = task_key(ti_key)
        return gallery_path(key.dag_id, key.run_id, key.task_id, key.map_index, key.iteration, base=_base())


class ResultLink(BaseOperatorLink):
    """Opens the picture of the task in full size, by way of the gallery, which asks who is there; no signed address.

    No button where there is none, or where the gallery cannot read it. Of several pictures the first.
    """

    name = "Result"

    def get_link(self, operator: Any, *, ti_key: Any) -> str:
        """Return the path of the picture; see :func:`note_result`.

        :param operator: the task, in the process that has its result
        :param ti_key: which of its instances
        """
        address = getattr(operator, "picture_address", "")
        key = task_key(ti_key)
        return picture_path(key.dag_id, key.run_id, address, Size.FULL, base=_base()) if address else ""


GALLERY_LINKS: tuple[BaseOperatorLink, ...] = (GalleryLink(),) if SHOWS_PAGES else ()
"""For tasks whose results have pictures."""
RESULT_LINKS: tuple[BaseOperatorLink, ...] = (*GALLERY_LINKS, ResultLink()) if SHOWS_PAGES else ()
"""For tasks with a single result."""


def note_result(operator: Any, result: Any) -> None:
    """Keep where the picture of a result is until the button asks for it, in this process when the task has ended.

    :param operator: the task
    :param result: what it returns
    """
    operator.picture_address = address_of(result)


def address_of(result: Any) -> str:
    """Return the address by which the gallery knows the first picture of a result; empty where it reads none.

    :param result: of MPS or of Aidge, or what a task returned that has stored pictures
    """
    if not isinstance(result, Mapping):
        return ""
    found = (_stored(output) for output in _list(result.get("Outputs")))
    if address := next(filter(None, found), ""):
        return address
    made = any(isinstance(one, Mapping) and one.get("url") for one in _list(result.get("Images")))
    # Counted from 1 among the pictures that there are.
    return f"aidge:{result.get('TaskId')}/1" if made and result.get("TaskId") else ""


def _stored(output: Any) -> str:
    if not isinstance(output, Mapping):
        return ""
    bucket, key = output.get("bucket"), output.get("path")
    if isinstance(bucket, str) and bucket and isinstance(key, str) and key:
        return f"cos://{bucket}{key}" if key.startswith("/") else f"cos://{bucket}/{key}"
    address = output.get("cos_uri") or output.get("uri")
    if not isinstance(address, str):
        return ""
    if is_cos(address):
        # The connection that an address names is no part of what the gallery knows a picture by.
        found = split_address(address)
        return f"cos://{found.bucket or ''}{found.path}"
    scheme, mark, _ = address.partition("://")
    return address if mark and scheme.lower() in STORAGES else ""


def _list(value: Any) -> Iterable[Any]:
    return value if isinstance(value, list | tuple) else ()


def _base() -> str:
    return base_path(conf.get("api", "base_url", fallback=""))
