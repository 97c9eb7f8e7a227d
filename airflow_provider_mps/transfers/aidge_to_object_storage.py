"""Copy the pictures of Aidge, whose addresses are temporary, to COS or to any other object storage."""

from __future__ import annotations

import threading
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.core.redaction import bare_url
from airflow_provider_mps.exceptions import AidgeTooFewImagesError, invalid_arguments_fail
from airflow_provider_mps.failures import failures_in_short
from airflow_provider_mps.lineage.reporting import ReportsLineage, reports_lineage
from airflow_provider_mps.links.gallery import GALLERY_LINKS
from airflow_provider_mps.rendering import TemplatedFields
from airflow_provider_mps.services.aidge import picture_names
from airflow_provider_mps.services.aidge.picture_names import DEFAULT_NAME
from airflow_provider_mps.services.aidge.words import DEFAULT_AIDGE_CONN_ID
from airflow_provider_mps.services.profiles import AIDGE
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID
from airflow_provider_mps.storage.parallel import DEFAULT_WORKERS, MAX_WORKERS, StoppableTransfer, in_parallel

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg


class AidgeToObjectStorageOperator(StoppableTransfer, ReportsLineage, TemplatedFields, BaseOperator):
    """Copy the pictures of one or more results of Aidge, each whole or not at all.

    Asks Aidge for the addresses of the moment, so a result may be copied when those that it came with have expired, and
    no signed address travels through XCom. Each picture is streamed to the worker's disk, checked against its length
    and the checksums that are sent, decoded to its end, stored, and checked again. A retry replaces what is
    there already.

    Returns a list of ``{"uri", "size", "scene"}`` in the order of the pictures; for COS each also has ``bucket``,
    ``region``, ``path``, ``cos_uri`` and ``url``, as ``CosToLocalFilesystemOperator`` takes them.

    After an error nothing more is begun; what is stored stays.

    Templated: all arguments but ``max_workers`` and ``min_images``.

    :param images: a result of Aidge (dict), or a list of results. Pass the whole output of the waiting task,
        ``wait.output``
    :param dest: folder (str): ``cos://bucket/folder/``, ``cos:///folder/`` in the bucket of the connection, or what
        Airflow's ``ObjectStoragePath`` takes, such as ``s3://bucket/folder/`` or ``/data/pictures``; the files are
        named by ``name``
    :param name: how the files are named, without extension (str), default ``{task_id}-{n}``; of ``{task_id}``, ``{n}``
        (the number of the picture among those of its task, from 1), ``{scene}`` (the name of its scene) and
        ``{title}`` (``title``). What no file name may hold is replaced; names that meet are refused before a copy
    :param title: what ``{title}`` stands for (str), such as the product's; default none
    :param min_images: how many pictures there must be (int), default 1; with fewer what there is is copied, and then
        the task fails
    :param dest_conn_id: Airflow connection of ``dest`` (str), default none; COS has ``tencentcloud_conn_id``
    :param cos_region: region of the COS bucket (str); default: ``cos_region`` of the connection, then
        ``TENCENTCLOUD_COS_REGION``, then ``ap-guangzhou``
    :param aidge_conn_id: Airflow connection (str), default ``aidge_default``
    :param tencentcloud_conn_id: Airflow connection for COS (str), default ``tencentcloud_default``; None reads the
        environment
    :param max_workers: how many pictures are copied at the same time (int), 1 to 32, default 8; to other object
        storages than COS they are stored one after the other
    :raises ValueError: a fixed value cannot be used; when the DAG is read
    :raises InvalidArgumentError: a rendered value cannot be used; Airflow does not retry
    :raises AidgePermanentError: Aidge does not know the task, or refuses to answer; Airflow does not retry
    :raises AidgeTaskFailedError: the task has no pictures
    :raises AidgeError: a picture is not there, did not arrive whole, or is none; nothing of it is stored
    :raises AidgeTooFewImagesError: there are fewer pictures than ``min_images``; those are stored
    :raises TencentCloudError: COS did not take a picture
    """

    service = AIDGE
    lineage_fields = ("images",)
    template_fields: Sequence[str] = (
        "images",
        "dest",
        "name",
        "title",
        "dest_conn_id",
        "cos_region",
        "aidge_conn_id",
        "tencentcloud_conn_id",
    )
    template_fields_renderers = {"images": "json"}
    container_fields = ("images",)
    operator_extra_links = GALLERY_LINKS
    ui_color = "#e8f8e8"

    def __init__(
        self,
        *,
        images: Any,
        dest: str | XComArg,
        name: str | XComArg = DEFAULT_NAME,
        title: str | XComArg | None = None,
        min_images: int = 1,
        dest_conn_id: str | None = None,
        cos_region: str | None = None,
        aidge_conn_id: str = DEFAULT_AIDGE_CONN_ID,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        max_workers: int = DEFAULT_WORKERS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.images = images
        self.dest: Any = dest
        self.name: Any = name
        self.title: Any = title
        self.dest_conn_id = dest_conn_id
        self.cos_region = cos_region
        self.aidge_conn_id = aidge_conn_id
        self.tencentcloud_conn_id = tencentcloud_conn_id
        with invalid_arguments_fail():
            self.max_workers = arguments.integer("max_workers", max_workers, 1, MAX_WORKERS)
            self.min_images = arguments.integer("min_images", min_images, 0)
            if images is None:
                arguments.fail("images", images, "a result of Aidge, or a list of them")
            checks = {
                "dest": arguments.folder,
                "cos_region": arguments.region,
                "name": picture_names.check,
                "dest_conn_id": arguments.conn_id,
            }
            arguments.check_literals({argument: getattr(self, argument) for argument in checks}, checks)

    @failures_in_short
    @reports_lineage
    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Copy; return where the pictures are."""
        from airflow_provider_mps.clients.parts import folder_for_parts
        from airflow_provider_mps.storage.aidge_pictures import PictureCopier, check_longest
        from airflow_provider_mps.storage.object_storage import ObjectStorage

        self.check_found()
        self._stop = stop = threading.Event()
        with invalid_arguments_fail():
            folder = arguments.folder("dest", self.dest)
            wanted = _wanted(self.images)
            picture_names.check("name", self.name)
            if self.dest_conn_id is not None:
                arguments.conn_id("dest_conn_id", self.dest_conn_id)
            if self.cos_region is not None:
                arguments.region("cos_region", self.cos_region)
        from airflow_provider_mps.hooks.aidge import AidgeHook

        hook = AidgeHook(self.aidge_conn_id)
        storage = ObjectStorage(self.dest_conn_id, self.tencentcloud_conn_id, self.cos_region)
        # What cannot be stored shows before Aidge is asked for anything.
        check_longest(storage, folder, [f"{task_id}-10" for task_id in wanted])
        for task_id in [task_id for task_id, scenes in wanted.items() if not scenes]:
            # The result does not list its pictures.
            wanted[task_id] = [scene for _, scene in hook.get_addresses(task_id, 0)]
        with invalid_arguments_fail():
            stems = picture_names.stems(self.name, self.title, wanted)
        check_longest(storage, folder, list(stems.values()))
        with folder_for_parts() as folder_here:
            copier = PictureCopier(hook, storage, folder, folder_here, stop)
            found = in_parallel(
                copier.copy,
                copier.pictures(stems),
                total=len(stems),
                max_workers=self.max_workers,
                done="Stored",
                log_line=self.log.info,
                stop=stop,
            )
        total = sum(one["size"] for one in found)
        self.log.info("Stored %s in %s (%s)", counted(len(found), "picture"), bare_url(folder), counted(total, "byte"))
        if len(found) < self.min_images:
            raise AidgeTooFewImagesError(len(found), self.min_images)
        return found


def _wanted(images: Any) -> dict[str, list[str]]:
    """Return the ids of the tasks, each with the scenes of the pictures that its result has."""
    results = [images] if isinstance(images, Mapping) else images
    if isinstance(results, str | bytes) or not isinstance(results, Sequence) or not results:
        arguments.fail("images", images, "a result of Aidge, or a list of them")
    found: dict[str, list[str]] = {}
    for result in results:
        if not isinstance(result, Mapping) or "TaskId" not in result:
            arguments.fail("images", result, "a result of Aidge, with its TaskId")
        made = [image for image in result.get("Images") or [] if isinstance(image, Mapping) and image.get("url")]
        found[arguments.text("images['TaskId']", result["TaskId"])] = [str(image.get("scene") or "") for image in made]
    return found
