"""Publish the pictures of a catalogue: each under its final key, whole, and on record."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowSkipException, BaseOperator

from airflow_provider_mps.batch.words import whole_address
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.cos_address import CosAddress, cos_address, cos_folder, is_cos
from airflow_provider_mps.core.progress import counted, in_words
from airflow_provider_mps.core.vocabulary import LABEL_METADATA
from airflow_provider_mps.exceptions import invalid_arguments_fail
from airflow_provider_mps.failures import failures_in_short
from airflow_provider_mps.lineage.reporting import ReportsLineage, reports_lineage
from airflow_provider_mps.links.gallery import GALLERY_LINKS
from airflow_provider_mps.operators.asset_events import check_partitions, tell_of_changes
from airflow_provider_mps.operators.judging import fail_if_too_many
from airflow_provider_mps.rendering import TemplatedFields
from airflow_provider_mps.services.profiles import COS
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID
from airflow_provider_mps.storage.parallel import DEFAULT_WORKERS, MAX_WORKERS, StoppableTransfer

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg

    # Imported where they are used: a DAG file has no need of them.
    from airflow_provider_mps.catalogue.addresses import StepOutput
    from airflow_provider_mps.catalogue.publication.run import PublishRun

# Of the changed products, in the extra of an event.
_SHOWN_SKUS = 100
_NOBODY_IS_ASKED: Any = object()


class CataloguePublishOperator(StoppableTransfer, ReportsLineage, TemplatedFields, BaseOperator):
    """Publish the pictures that batches have made, each labelled and under its final key, and put that on record.

    With ``label``, by default, a picture is fetched, labelled, and stored under its final key by one request; its label
    was read back before that. With ``label=None`` COS copies it and nothing is downloaded. COS puts either in the place
    of what was there in one go, and each is compared with what was sent or with its source: a final key has the picture
    before or the new one, whole, at any time. A task that was killed anywhere is taken up by its next try or by the
    next run; what is there already, labelled as it is to be, is neither fetched nor stored again. Uses GET, PUT, HEAD
    and DELETE Object, and PUT Object - Copy (https://cloud.tencent.com/document/product/436/10881).

    A label says that a model has taken part (GB 45438-2025, IPTC; see
    :func:`~airflow_provider_mps.pictures.labels.label`). Its ``ContentProducer`` is by default the service that made
    the picture, which the standard takes the name of (``Tencent Cloud MPS``, ``Alibaba Aidge``), its ``ProduceID`` the
    TaskId. A label that the service has left itself is kept and added to. A note is stored with each picture
    (``x-cos-meta-mps-label``): of which source it is, and how it was labelled. One that is published with another
    label, or with none, is labelled anew from its source, without being paid for again; where that is gone, one without
    a label is labelled where it is. A picture that cannot be labelled is not published (code ``LabelUnreadable``).

    Before anything is copied it is refused that two pictures have one final key, or that one is in the folders of the
    catalogue's record, of its runs, or of ``keep_previous``. A picture of which another run has made a newer one is
    left out. Where an item has another final key than before, what is under the old one stays, with a warning. Of
    products that are gone from the manifest (``on_removed="unpublish"`` of the plan) the final key is removed, unless
    something else is published there by now. Of an entry with several pictures the first is published.

    With ``approved`` only pictures are published that somebody has said yes to, by an option of a question that
    :class:`~airflow_provider_mps.operators.pictures.ApprovalQuestionsOperator` has written. What was not chosen is left
    out, and so is what nobody was asked about, what a question that failed or was skipped is about, and what was made
    anew since. A default at the end of ``response_timeout`` is told as such. Pictures of removed products are taken
    from the shop unasked. The next run asks again about what was not approved, without paying for it again; ``force``
    of the plan has it made anew. Whoever clears the question alone decides anew what is published by the next try; what
    is in the shop already stays there.

    Writes the lines with what came of each as JSON Lines under ``{catalogue}/runs/`` and returns ``{"path",
    "catalogue", "counts"}``, also when it fails. Counts are ``published`` (changed by this run), ``unchanged``,
    ``unpublished``, ``failed``, ``left`` (out, see above), ``without_picture``, ``rejected`` (by
    :class:`~airflow_provider_mps.operators.pictures.PictureCheckOperator`) and ``not_approved``. A line about which
    people were to be asked has ``"approval": {"approved", "by", "at"}``: ``by`` is ``{"id", "name"}``, None for a
    default; ``at`` is None where nobody has answered.

    An ``AssetAlias`` among ``outlets`` gets an event for the catalogue's address if anything has changed, and none
    otherwise. An ``Asset`` gets one whenever the task succeeds, as Airflow has it, changed or not. Both have the
    ``path``, each of the counts, and up to 100 changed ``skus`` in their extra.

    A line whose check has rejected its picture counts as one without.

    Templated: all arguments but ``max_workers`` and ``partitions``.

    :param pictures: what batches have returned (dict, or a list of them; None of a skipped one is left out), or the
        address of such a file (str)
    :param catalogue: address of the catalogue's folder (str); default that in ``pictures``. Needed with addresses
    :param keep_previous: COS folder for the pictures before (str), such as ``/previous/`` in the bucket of the final
        key, or ``cos://bucket/previous/``; each is kept as ``{keep_previous}/{final key}`` until that key changes
        again. Default None, not kept
    :param cache_control: ``Cache-Control`` of published pictures (str), such as ``max-age=300``; default as it is where
        the picture was made
    :param label: how pictures are labelled: ``"metadata"`` (default), None for copies as the service made them, or a
        dict with any of ``producer`` (str; name, or code of 27 characters by GB 45438), ``propagator`` (str; whoever
        publishes them), ``source_type`` (str; URI of IPTC, default that of a composite with parts by a model),
        ``visible`` (dict: ``text``, and ``corner``, ``share``, ``font`` of
        :func:`~airflow_provider_mps.pictures.labels.mark`) and ``c2pa`` (dict: paths ``certificate`` and ``key`` of PEM
        files on the worker, and ``timestamp_url``; needs the extra ``c2pa``)
    :param unchecked: publish pictures too that no
        :class:`~airflow_provider_mps.operators.pictures.PictureCheckOperator` has looked at (bool), default False: with
        one of these nothing is published
    :param approved: what ``HITLOperator`` tasks have returned (dict), or a list of these, as of a mapped task; default:
        nobody is asked
    :param max_failed: how many pictures may fail (int), default 0; with more the task fails once all others are
        published
    :param partitions: give each ``Asset`` of ``outlets`` an event for each product that has changed, with its sku as
        the key of a partition (bool), default False; needs Airflow 3.3. A DAG then runs for each product
        (``PartitionedAssetTimetable``); one that is scheduled on the asset as a whole does not
    :param cos_region: region of the final keys' bucket (str); default: ``cos_region`` of the connection, then
        ``TENCENTCLOUD_COS_REGION``, then ``ap-guangzhou``
    :param conn_id: Airflow connection of the storage of the catalogue (str), where it is neither COS nor the disk
    :param tencentcloud_conn_id: Airflow connection (str), default ``tencentcloud_default``; None reads the environment
    :param max_workers: how many pictures at the same time (int), 1 to 32, default 8; with ``label`` each holds one in
        memory, and its labelled copy
    :raises ValueError: a fixed argument cannot be used; when the DAG is read
    :raises InvalidArgumentError: a rendered value or a line cannot be used, or the worker lacks what ``label`` needs (a
        font, a certificate, the extra); nothing was published, and Airflow does not retry
    :raises PublicationFailedError: more than ``max_failed`` pictures were not published
    :raises PublicationRefusedError: the same, and a retry would publish no more: they are gone from where they were
        made, so that the next plan has them made again, they cannot be labelled, or COS refuses them (permission, no
        such bucket); Airflow does not retry
    :raises RecordUnreadableError: the record of the catalogue cannot be read; Airflow does not retry
    :raises UnreadableLinesError: a file of pictures cannot be read; Airflow does not retry
    :raises TencentCloudPermanentError: COS refuses the files of the catalogue, or picture after picture (permission,
        credentials, bucket); Airflow does not retry
    :raises TencentCloudError: COS does not answer
    """

    service = COS
    ui_color = "#e8f8e8"
    operator_extra_links = GALLERY_LINKS
    lineage_fields, fills_aliases = ("pictures",), False
    template_fields: Sequence[str] = (
        "pictures",
        "catalogue",
        "keep_previous",
        "cache_control",
        "picture_label",
        "unchecked",
        "approved",
        "max_failed",
        "cos_region",
        "conn_id",
        "tencentcloud_conn_id",
    )
    container_fields = ("pictures", "picture_label", "approved")

    def __init__(
        self,
        *,
        pictures: Any,
        catalogue: str | XComArg | None = None,
        keep_previous: str | XComArg | None = None,
        cache_control: str | XComArg | None = None,
        label: str | Mapping[str, Any] | XComArg | None = LABEL_METADATA,
        unchecked: bool | str | XComArg = False,
        approved: Any = _NOBODY_IS_ASKED,
        max_failed: int | str | XComArg = 0,
        partitions: bool = False,
        cos_region: str | XComArg | None = None,
        conn_id: str | XComArg | None = None,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        max_workers: int = DEFAULT_WORKERS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pictures: Any = pictures
        self.catalogue: Any = catalogue
        self.keep_previous: Any = keep_previous
        self.cache_control: Any = cache_control
        # Airflow has a property ``label`` of its own, for the graph.
        self.picture_label: Any = label
        self.unchecked: Any = unchecked
        # Whatever is found by then: nothing is no leave to publish all.
        self._asks = approved is not _NOBODY_IS_ASKED
        self.approved: Any = approved if self._asks else None
        self.max_failed: Any = max_failed
        self.cos_region: Any = cos_region
        self.conn_id: Any = conn_id
        self.tencentcloud_conn_id = tencentcloud_conn_id
        with invalid_arguments_fail():
            self.partitions = arguments.flag("partitions", partitions)
            self.max_workers = arguments.integer("max_workers", max_workers, 1, MAX_WORKERS)
            arguments.check_literals({name: getattr(self, name) for name in _CHECKS}, _CHECKS)
            if self.partitions:
                check_partitions("partitions")
            if label != LABEL_METADATA and not arguments.is_template(label):
                from airflow_provider_mps.pictures.labels.settings import read_settings

                read_settings("label", label)
            self._check_pictures()
            if self._asks and (approved is None or not arguments.is_template(approved)):
                self._check_approved()

    @failures_in_short
    @reports_lineage
    def execute(self, context: Context) -> dict[str, Any]:
        """Publish; return the address of the file of what came of it."""
        from airflow_provider_mps.catalogue.addresses import read_output
        from airflow_provider_mps.catalogue.approval.answers import read_answers
        from airflow_provider_mps.catalogue.publication.publisher import Target
        from airflow_provider_mps.catalogue.publication.run import PublishRun
        from airflow_provider_mps.durable.tries import task_of
        from airflow_provider_mps.pictures.labels.settings import settings_here
        from airflow_provider_mps.storage.files import Files

        self._found_nothing = tuple(name for name in self._found_nothing if name != "approved")
        self.check_found()
        self._stop = stop = threading.Event()
        with invalid_arguments_fail():
            answers = read_answers("approved", self.approved) if self._asks else None
            outputs = read_output("pictures", self.pictures)
            given = {name: getattr(self, name) for name in _CHECKS}
            read = {name: check(name, given[name]) for name, check in _CHECKS.items() if given[name] is not None}
            if not outputs:
                raise AirflowSkipException("pictures is empty: there is nothing to publish")
            catalogue = _one_catalogue(read.get("catalogue"), outputs)
            labels = settings_here("label", self.picture_label)
        files = Files(self.conn_id, self.tencentcloud_conn_id)
        files.check("catalogue", catalogue)
        run = PublishRun(files, catalogue, [output.path for output in outputs], task_of(context), self.log)
        run.read(read.get("keep_previous"), unchecked=read["unchecked"], answers=answers)
        target = Target(self.tencentcloud_conn_id, read.get("cos_region"), read.get("cache_control"), labels)
        self.lineage_notes.seen = run
        run.publish(target, self.max_workers, stop)
        return self._ended(context, run, catalogue, read["max_failed"])

    def lineage_inputs(self) -> Iterable[str]:
        """Give the addresses of the files, and of the pictures that were published."""
        yield from super().lineage_inputs()
        yield from (source for source, _ in self._published())

    def lineage_outputs(self, result: Any) -> Iterable[str]:
        """Give the address of the file, and the final addresses."""
        yield from super().lineage_outputs(result)
        yield from (final for _, final in self._published())

    def _published(self) -> Iterable[tuple[str, str]]:
        run = self.lineage_notes.seen
        return () if run is None else run.published()

    def _check_pictures(self) -> None:
        """Check what no template will change."""
        from airflow_provider_mps.catalogue.addresses import read_output

        if not arguments.is_template(self.pictures):
            outputs = read_output("pictures", self.pictures)
            if outputs and not arguments.is_template(self.catalogue):
                _one_catalogue(self.catalogue, outputs)

    def _check_approved(self) -> None:
        """Check what was given in the DAG itself, which is a task's output by mistake where it is None."""
        from airflow_provider_mps.catalogue.approval.answers import read_answers

        if self.approved is None:
            arguments.fail("approved", None, "what HITLOperator tasks return; leave it out where nobody is asked")
        read_answers("approved", self.approved)

    def _ended(self, context: Context, run: PublishRun, catalogue: str, max_failed: int) -> dict[str, Any]:
        dag_run: Any = context.get("dag_run")
        began = getattr(dag_run, "start_date", None)
        path, counts, skus = run.write(context["ti"].try_number, began.timestamp() if began else None)
        output = {"path": path, "catalogue": catalogue, "counts": counts}
        self.log.info("Of %s: %s", counted(sum(counts.values()), "item"), in_words(counts) or "nothing to do")
        self._judge(context, run, output, max_failed)
        extra = {"path": path, "skus": skus[:_SHOWN_SKUS], **counts}
        tell_of_changes(
            context,
            self.outlets,
            self._uri(catalogue),
            extra,
            skus if self.partitions else None,
            has_changed=bool(skus),
        )
        return output

    def _judge(self, context: Context, run: PublishRun, output: Mapping[str, Any], max_failed: int) -> None:
        """Fail if too much has, once the others are on record and handed over.

        :raises PublicationFailedError: more than ``max_failed`` has
        """
        from airflow_provider_mps.catalogue.errors import PublicationFailedError, PublicationRefusedError
        from airflow_provider_mps.catalogue.publication.run import summary

        failures = run.failures()
        fail_if_too_many(
            self,
            context,
            [one.is_final for one in failures],
            total=sum(output["counts"].values()),
            max_failed=max_failed,
            summary=summary(failures),
            result=dict(output),
            failed=PublicationFailedError,
            refused=PublicationRefusedError,
        )

    def _uri(self, catalogue: str) -> str:
        """Return the address of the catalogue for an asset: without a connection, and with a bucket."""
        from airflow_provider_mps.hooks.cos import CosHook

        if not is_cos(catalogue):
            return catalogue if "://" in catalogue else f"file://{catalogue}"
        address = cos_address("catalogue", catalogue)
        bucket = address.bucket or CosHook(address.conn_id or self.tencentcloud_conn_id).bucket_name
        return str(CosAddress(None, bucket, address.path.rstrip("/")))


def _one_catalogue(given: str | None, outputs: Sequence[StepOutput]) -> str:
    if given is not None:
        others = [one.catalogue for one in outputs if one.catalogue and _inner(one.catalogue) != _inner(given)]
        if others:
            arguments.fail("catalogue", given, f"that of the pictures, {others[0]!r}, which needs not be given")
        return given
    found = sorted({output.catalogue for output in outputs if output.catalogue is not None})
    if len(found) != 1:
        what = f"pictures of {len(found)} catalogues: {', '.join(found)}" if found else "addresses alone"
        arguments.fail("pictures", [*found], f"pictures of one catalogue, or the argument catalogue (these are {what})")
    return found[0]


def _inner(catalogue: str) -> str:
    """Return what tells two catalogues apart, in whatever way the bucket and the connection are written."""
    path = cos_address("catalogue", catalogue).path if is_cos(catalogue) else catalogue
    return path.strip("/")


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "catalogue": whole_address,
    "keep_previous": cos_folder,
    "cache_control": arguments.header,
    "unchecked": arguments.flag,
    "max_failed": lambda name, value: arguments.integer(name, value, 0),
    "cos_region": arguments.region,
}
