"""Label pictures in COS, for those who publish them in a way of their own."""

from __future__ import annotations

import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_mps.batch.words import whole_address
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.cos_address import cos_folder
from airflow_provider_mps.core.lists import check_no_task
from airflow_provider_mps.core.progress import counted, in_words
from airflow_provider_mps.core.vocabulary import LABEL_METADATA
from airflow_provider_mps.exceptions import invalid_arguments_fail
from airflow_provider_mps.failures import failures_in_short
from airflow_provider_mps.lineage.reporting import ReportsLineage, reports_lineage
from airflow_provider_mps.links.gallery import GALLERY_LINKS
from airflow_provider_mps.operators.judging import fail_if_too_many
from airflow_provider_mps.rendering import TemplatedFields
from airflow_provider_mps.services.profiles import COS
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID
from airflow_provider_mps.storage.parallel import DEFAULT_WORKERS, MAX_WORKERS, StoppableTransfer

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg

    # Imported where they are used: a DAG file has no need of them.
    from airflow_provider_mps.catalogue.labels.sources import Pictures
    from airflow_provider_mps.pictures.labeller import Labelled
    from airflow_provider_mps.pictures.labels.settings import LabelSettings

_EXPECTED = "a result, a list of results, or what a task with a file of them returned"
_SHOWN = 3


class PictureLabelOperator(StoppableTransfer, ReportsLineage, TemplatedFields, BaseOperator):
    """Label pictures in COS: they say then that a model has taken part (GB 45438-2025, IPTC).

    Each picture is fetched, labelled, its label read back, and stored by one request: under its key is the picture
    without or with the label, whole, at any time. A picture that is labelled as it is to be is left alone, which a note
    in its metadata (``x-cos-meta-mps-label``) shows to a HEAD: a retry labels what is left. What a picture says already
    is kept; see :func:`~airflow_provider_mps.pictures.labels.label`. ``ContentProducer`` is by default the service that
    made it, ``ProduceID`` its TaskId; further pictures of one task have their number behind it. Uses HEAD, GET and PUT
    Object (https://cloud.tencent.com/document/product/436/7749).

    Returns what it was given, with the addresses of the labelled pictures: the list of results; a result for a result;
    for files of lines ``{"path", "catalogue", "counts"}`` of a new file, which a
    :class:`~airflow_provider_mps.operators.catalogue.CataloguePublishOperator` takes too. A picture that was not
    labelled becomes an entry with ``Error``, without pictures. With ``catalogue`` all that is published of it is
    labelled where it is, such as what ``label=None`` has published, and ``{"catalogue", "counts"}`` returned; a final
    key that has another picture than the one on record is left alone. Also returned when the task fails.

    Templated: all arguments but ``max_workers``.

    :param pictures: a result of MPS (dict), a list of results or of entries of a batch, or what a task with a file of
        them returned (``{"path", ...}``), or the address of such a file (str), or a list of these
    :param catalogue: address of a catalogue's folder (str), in place of ``pictures``
    :param dest: COS folder for the labelled pictures (str), such as ``/labelled/`` or ``cos://bucket/labelled/``; each
        is ``{dest}/{key}`` there. Default None, in place. Not with ``catalogue``
    :param label: ``"metadata"`` (default), or a dict, as that of
        :class:`~airflow_provider_mps.operators.catalogue.CataloguePublishOperator`; in place, no mark is drawn on a
        picture that was labelled otherwise before
    :param max_failed: how many pictures may fail (int), default 0; with more the task fails once all others are
        labelled
    :param cos_region: region of ``dest``, of outputs that name none, and of the final keys (str); default:
        ``cos_region`` of the connection, then ``TENCENTCLOUD_COS_REGION``, then ``ap-guangzhou``
    :param conn_id: Airflow connection of the storage of files of lines (str), where it is neither COS nor the disk
    :param tencentcloud_conn_id: Airflow connection (str), default ``tencentcloud_default``; None reads the environment
    :param max_workers: how many pictures at the same time (int), 1 to 32, default 8; each holds one in memory, and its
        labelled copy
    :raises ValueError: a fixed argument cannot be used; when the DAG is read
    :raises InvalidArgumentError: a rendered value cannot be used, or the worker lacks what ``label`` needs; nothing was
        labelled, and Airflow does not retry
    :raises LabelsFailedError: more than ``max_failed`` pictures were not labelled
    :raises LabelsRefusedError: the same, and a retry would label no more; Airflow does not retry
    :raises TencentCloudPermanentError: COS refuses picture after picture (permission, credentials, bucket); Airflow
        does not retry
    :raises TencentCloudError: COS does not answer
    """

    service = COS
    operator_extra_links = GALLERY_LINKS
    ui_color = "#e8f8e8"
    lineage_fields = ("pictures", "catalogue")
    template_fields: Sequence[str] = (
        "pictures",
        "catalogue",
        "dest",
        "picture_label",
        "max_failed",
        "cos_region",
        "conn_id",
        "tencentcloud_conn_id",
    )
    container_fields = ("pictures", "picture_label")

    def __init__(
        self,
        *,
        pictures: Any = None,
        catalogue: str | XComArg | None = None,
        dest: str | XComArg | None = None,
        label: str | Mapping[str, Any] | XComArg = LABEL_METADATA,
        max_failed: int | str | XComArg = 0,
        cos_region: str | XComArg | None = None,
        conn_id: str | XComArg | None = None,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        max_workers: int = DEFAULT_WORKERS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pictures: Any = pictures
        self.catalogue: Any = catalogue
        self.dest: Any = dest
        # Airflow has a property ``label`` of its own, for the graph.
        self.picture_label: Any = label
        self.max_failed: Any = max_failed
        self.cos_region: Any = cos_region
        self.conn_id: Any = conn_id
        self.tencentcloud_conn_id = tencentcloud_conn_id
        with invalid_arguments_fail():
            if (pictures is None) == (catalogue is None):
                arguments.fail("pictures", pictures, "pictures or catalogue, and not both")
            if catalogue is not None and dest is not None:
                arguments.fail("dest", dest, "none with catalogue: what is published is labelled where it is")
            check_no_task("pictures", pictures)
            self.max_workers = arguments.integer("max_workers", max_workers, 1, MAX_WORKERS)
            arguments.check_literals({name: getattr(self, name) for name in _CHECKS}, _CHECKS)
            if label != LABEL_METADATA and not arguments.is_template(label):
                self._settings(is_here=False)

    @failures_in_short
    @reports_lineage
    def execute(self, context: Context) -> Any:
        """Label; return what was given, with the labelled pictures."""
        from airflow_provider_mps.hooks.cos import CosHook
        from airflow_provider_mps.pictures.label_jobs import check_places
        from airflow_provider_mps.pictures.labeller import Labeller

        self.check_found()
        self._stop = stop = threading.Event()
        with invalid_arguments_fail():
            read: dict[str, Any] = {
                name: None if (value := getattr(self, name)) is None else check(name, value)
                for name, check in _CHECKS.items()
            }
            settings, found = self._settings(is_here=True), self._found(context, read)
            check_places(found.jobs)
        labeller = Labeller(
            settings,
            lambda region: CosHook(self.tencentcloud_conn_id, region=region or read["cos_region"]),
            read["cos_region"],
            self.log,
        )
        try:
            labeller.run(found.jobs, self.max_workers, stop)
        except BaseException:
            self._tell_all_the_same(found, labeller.done)
            raise
        self.lineage_notes.seen = labeller.labelled(found.jobs)
        return self._ended(context, found, labeller.done, read["max_failed"])

    def lineage_inputs(self) -> Iterable[str]:
        """Give the addresses of what was given, and of the pictures that were labelled."""
        yield from super().lineage_inputs()
        yield from (str(job) for job in self.lineage_notes.seen or ())

    def lineage_outputs(self, result: Any) -> Iterable[str]:
        """Give the address of the file, and of the labelled pictures."""
        yield from super().lineage_outputs(result)
        yield from (f"cos://{job.to_bucket or ''}{job.to_key}" for job in self.lineage_notes.seen or ())

    def _settings(self, *, is_here: bool) -> LabelSettings:
        from airflow_provider_mps.pictures.labels.settings import read_settings, settings_here

        found = (settings_here if is_here else read_settings)("label", self.picture_label)
        if found is None:
            arguments.fail("label", self.picture_label, f"'{LABEL_METADATA}' or a dict: there is nothing to do else")
        return found

    def _found(self, context: Context, read: Mapping[str, Any]) -> Pictures:
        """Return the pictures that there are to label."""
        from airflow_provider_mps.catalogue.addresses import given_parts, names_a_file, read_output
        from airflow_provider_mps.catalogue.labels.sources import LinePictures, PublishedPictures, ResultPictures
        from airflow_provider_mps.durable.tries import task_of
        from airflow_provider_mps.storage.files import Files

        files = Files(self.conn_id, self.tencentcloud_conn_id)
        if read["catalogue"] is not None:
            return PublishedPictures(files, read["catalogue"], read["cos_region"], task_of(context))
        parts = given_parts("pictures", self.pictures, _EXPECTED)
        if parts and all(map(names_a_file, parts)):
            return LinePictures(
                files, read_output("pictures", parts), read["dest"], task_of(context), context["ti"].try_number
            )
        for part in parts:
            if not isinstance(part, Mapping):
                arguments.fail("pictures", part, _EXPECTED)
        return ResultPictures(parts, read["dest"])

    def _tell_all_the_same(self, found: Pictures, done: Mapping[int, Labelled]) -> None:
        """Put on record what was labelled before it came to an end."""
        try:
            found.told(done)
        except Exception as error:
            self.log.warning("What was labelled is not told anywhere; a retry finds it labelled: %s", error)

    def _ended(self, context: Context, found: Pictures, done: Mapping[int, Labelled], max_failed: int) -> Any:
        told = found.told(done)
        counts = Counter(dict.fromkeys(("labelled", "unchanged", "left", "failed"), 0))
        counts.update(map(_kind, done.values()))
        if isinstance(told, dict):
            told["counts"] = dict(counts)
        elif isinstance(self.pictures, Mapping):
            told = told[0]
        self.log.info("Of %s: %s", counted(len(found.jobs), "picture"), in_words(counts) or "nothing to do")
        self._judge(context, told, done, max_failed)
        return told

    def _judge(self, context: Context, told: Any, done: Mapping[int, Labelled], max_failed: int) -> None:
        """Fail if too much has, once the others are labelled and handed over."""
        from airflow_provider_mps.pictures.errors import LabelsFailedError, LabelsRefusedError

        failed = [one for _, one in sorted(done.items()) if one.error is not None]
        shown = "; ".join(f"{one.error['Code']}: {one.error['Message']}" for one in failed[:_SHOWN] if one.error)
        more = f"; and {len(failed) - _SHOWN:,} more" if len(failed) > _SHOWN else ""
        fail_if_too_many(
            self,
            context,
            [one.is_final for one in failed],
            total=len(done),
            max_failed=max_failed,
            summary=f"{shown}{more}",
            result=told,
            failed=LabelsFailedError,
            refused=LabelsRefusedError,
        )


def _kind(one: Labelled) -> str:
    if one.error is not None:
        return "failed"
    if one.stat is None:
        return "left"
    return "labelled" if one.is_changed else "unchanged"


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "catalogue": whole_address,
    "dest": cos_folder,
    "max_failed": lambda name, value: arguments.integer(name, value, 0),
    "cos_region": arguments.region,
}
