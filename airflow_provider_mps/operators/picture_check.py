"""Check pictures before they are published, and have those that are not right made once more."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import timedelta
from functools import cache, partial
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowSkipException, BaseOperator

from airflow_provider_mps.batch.words import whole_address
from airflow_provider_mps.catalogue.words import Kind, OnReject
from airflow_provider_mps.compat import is_run_over
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.arguments import ArgumentError
from airflow_provider_mps.core.cos_address import object_address
from airflow_provider_mps.core.progress import counted, in_words
from airflow_provider_mps.core.vocabulary import DEFAULT_POLL_INTERVAL, DEFAULT_TIMEOUT
from airflow_provider_mps.exceptions import invalid_arguments_fail
from airflow_provider_mps.failures import failures_in_short
from airflow_provider_mps.lineage.reporting import ReportsLineage, reports_lineage
from airflow_provider_mps.links.gallery import GALLERY_LINKS
from airflow_provider_mps.operators.batch_events import check_event
from airflow_provider_mps.operators.check_rounds import CheckRounds
from airflow_provider_mps.operators.judging import hand_over
from airflow_provider_mps.rendering import TemplatedFields
from airflow_provider_mps.resuming import BeginsAnew
from airflow_provider_mps.services.profiles import MPS
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID, DEFAULT_RECORD_DIR
from airflow_provider_mps.storage.parallel import MAX_WORKERS, StoppableTransfer

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg

    # Imported where they are used: a DAG file has no need of them.
    from airflow_provider_mps.catalogue.addresses import StepOutput
    from airflow_provider_mps.catalogue.checking.checker import Checker
    from airflow_provider_mps.catalogue.checking.opinions import Least
    from airflow_provider_mps.catalogue.checking.run import CheckRun
    from airflow_provider_mps.pictures.check import Bounds
    from airflow_provider_mps.services.tencentcloud.connection import TencentCloudSettings

# Each takes a core while it looks, and holds up to three pictures.
DEFAULT_CHECKERS = 4
DEFAULT_MAX_REMAKES = 1
MAX_REMAKES = 10


class PictureCheckOperator(StoppableTransfer, ReportsLineage, TemplatedFields, BeginsAnew, BaseOperator):
    """Look at each picture before it is published: is it whole, as asked, and the product still itself?

    Checked on the worker, without a service: it can be read to its last row; format, size and ratio are those that
    were asked for; it is not blank; it is neither the subject as it was nor the background alone; no other item has the
    same picture; and the product is found in it again, not mirrored, covered, cut off or in other colours. What is
    compared with is the subject (and the background) in COS; of a subject at an address these checks are not made. What
    cannot be checked is ``not checked``, and never ``ok``. See :class:`~airflow_provider_mps.pictures.check.Bounds` for
    what may differ. The checks of the product need the extra ``check`` (OpenCV); in how many pictures it was not
    looked for, and why, the log says, and ``product_not_checked`` in ``counts``.

    With files, as in a catalogue, it writes each line with ``check`` as JSON Lines beside them and returns ``{"path",
    "counts"}``, and ``catalogue`` if it got it; ``CataloguePublishOperator`` publishes no line that is rejected. With
    what an operator or a batch has returned it returns the same with ``check`` in each result. ``check`` is
    ``{"verdict", "findings", "width", "height", "format", "place", "print"}``, a finding ``{"code", "verdict", "value",
    "bound", "words"}``. Of an entry with several pictures the first that is right comes first.

    Rejected pictures are on the record of the catalogue, and paid for: the next plan hands them on again, so that they
    are checked again, with other bounds perhaps, and nothing is paid. ``remake`` has them made once more, with another
    seed, through the same batch as the first time: at its pace, within ``pictures_per_day``, joined by retries and by
    the run after one that died. These are not counted in ``max_pictures`` of the plan. Pictures of Aidge are not made
    anew.

    With ``second_opinion`` MPS itself is asked about each picture of a catalogue in which nothing was found wrong, one
    that was made once more too (``ProcessImage`` with ``ImageTask.ImageQualityConfig``). Each question is paid for,
    once: a retry, a clear, the run after one that died and the next night find the answer on record. It goes out at the
    pace of the API and counts in ``pictures_per_day``. A score below the least is a finding ``ServiceQuality`` like any
    other; what was not answered, or cannot be read, is ``not checked``. The scale of the scores is the service's, and
    is documented nowhere: ask with a least of 0, which rejects nothing, and look at the values in the findings first.

    Templated: all arguments but ``deferrable``, ``poll_interval``, ``timeout`` and ``max_workers``.

    :param pictures: what batches or operators have returned (dict or list), or the address of a file of lines (str)
    :param subject: the product photo, ``cos://bucket/key`` (str), where ``pictures`` is one result of an operator; an
        entry of a batch names its own
    :param on_reject: what becomes of a picture that is rejected (str): ``fail`` fails the task once all are checked
        (default), ``leave_out`` leaves it unpublished with a warning, ``remake`` has it made once more, and leaves it
        out if that is not right either; ``remake`` takes files of a catalogue
    :param max_remakes: how often an item may be made anew (int, 1 to 10), default 1
    :param bounds: other bounds (dict), by their names in :class:`~airflow_provider_mps.pictures.check.Bounds`
    :param second_opinion: the least score of each attribute that the service is asked for (dict): ``IQA`` (the quality
        as a whole), ``Sharpness``, ``Brightness``, ``Contrast``, numbers of at least 0, such as ``{"IQA": 40}``; it
        takes files of a catalogue; default None, which asks nothing and pays nothing
    :param results: address of the folder for the file (str); default: that of the catalogue's run, or of ``pictures``
    :param record_dir: COS folder of what is on record of remakes and questions (str), default ``/airflow-mps/``
    :param region: region of the MPS API for both (str); default as for the batch
    :param tencentcloud_conn_id: Airflow connection (str), default ``tencentcloud_default``; None reads the environment
    :param deferrable: wait for both in the triggerer (bool), default True
    :param poll_interval: seconds between looks at them (float or timedelta), default 10
    :param timeout: seconds after which one counts as failed (float or timedelta), default 600
    :param max_workers: how many pictures at the same time (int, 1 to 32), default 4; each takes a core while it is
        looked at, and memory for three pictures
    :raises ValueError: a fixed argument cannot be used; when the DAG is read
    :raises InvalidArgumentError: a rendered value or a line cannot be used; Airflow does not retry
    :raises PicturesRejectedError: with ``on_reject="fail"``, pictures are rejected; Airflow does not retry
    :raises UnreadableLinesError: a file of pictures cannot be read; Airflow does not retry
    :raises RecordUnreadableError: the record of the catalogue cannot be read; Airflow does not retry
    :raises TencentCloudPermanentError: COS or MPS refuse (permission, credentials, bucket); Airflow does not retry
    :raises TencentCloudError: COS or MPS do not answer
    """

    service = MPS
    operator_extra_links = GALLERY_LINKS
    ui_color = "#fff4d6"
    lineage_fields, hands_on = ("pictures", "subject"), True
    template_fields: Sequence[str] = (
        "pictures",
        "subject",
        "on_reject",
        "max_remakes",
        "bounds",
        "second_opinion",
        "results",
        "record_dir",
        "region",
        "tencentcloud_conn_id",
    )
    template_fields_renderers = {"bounds": "json", "second_opinion": "json"}
    container_fields = ("pictures", "bounds", "second_opinion")

    def __init__(
        self,
        *,
        pictures: Any,
        subject: str | XComArg | None = None,
        on_reject: str | XComArg = OnReject.FAIL.value,
        max_remakes: int | str | XComArg = DEFAULT_MAX_REMAKES,
        bounds: dict[str, Any] | XComArg | None = None,
        second_opinion: dict[str, float] | XComArg | str | None = None,
        results: str | XComArg | None = None,
        record_dir: str | XComArg = DEFAULT_RECORD_DIR,
        region: str | XComArg | None = None,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        deferrable: bool = True,
        poll_interval: float | timedelta = DEFAULT_POLL_INTERVAL,
        timeout: float | timedelta = DEFAULT_TIMEOUT,
        max_workers: int = DEFAULT_CHECKERS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pictures: Any = pictures
        self.subject: Any = subject
        self.on_reject: Any = on_reject
        self.max_remakes: Any = max_remakes
        self.bounds: Any = bounds
        self.second_opinion: Any = second_opinion
        self.results: Any = results
        self.record_dir: Any = record_dir
        self.region: Any = region
        self.tencentcloud_conn_id = tencentcloud_conn_id
        self.deferrable = deferrable
        self._rounds: CheckRounds | None = None
        with invalid_arguments_fail():
            self.poll_interval = arguments.seconds("poll_interval", poll_interval)
            self.timeout = arguments.seconds("timeout", timeout)
            self.max_workers = arguments.integer("max_workers", max_workers, 1, MAX_WORKERS)
            if pictures is None:
                raise ArgumentError("pictures is required")
            arguments.check_literals({name: getattr(self, name) for name in _CHECKS}, _CHECKS)

    @failures_in_short
    @reports_lineage
    def execute(self, context: Context) -> Any:
        """Check; return the address of the file, or the results, with what was found out."""
        from airflow_provider_mps.catalogue.checking.entries import are_entries, check_entries

        self.check_found()
        on_reject, bounds, least = self._read()
        if not are_entries(self.pictures):
            run = self._run(context, bounds, paths := self._paths())
            with invalid_arguments_fail():
                _check_catalogue(on_reject, least, run.catalogue)
            run.read([output.path for output in paths])
            run.check(self._new_stop())
            run.tell()
            return self._finish(context, run, on_reject, self._new_rounds(context, run, on_reject, least))
        with invalid_arguments_fail():
            _check_catalogue(on_reject, least, None)
            found = check_entries(
                self.pictures,
                self.subject,
                self._checker(bounds),
                self._settings().storage,
                bounds,
                leaves_out=on_reject is OnReject.LEAVE_OUT,
                stop=self._new_stop(),
            )
        self._tell_of_products(found.checks)
        self._judge(context, on_reject, found.rejected, found.total, found.pictures)
        return found.pictures

    @failures_in_short
    @reports_lineage
    def execute_complete(self, context: Context, event: Any = None) -> Any:
        """Go on with what was waited for."""
        check_event(event)
        self.check_found()
        on_reject, bounds, least = self._read()
        run = self._run(context, bounds, self._paths())
        begun = run.begun(context["ti"].try_number)
        run.read([begun.checked])
        rounds = self._new_rounds(context, run, on_reject, least)
        rounds.resume(begun)
        return self._finish(context, run, on_reject, rounds)

    def on_kill(self) -> None:
        """Stop reading and submitting, when a person or Airflow ends the task."""
        super().on_kill()
        if self._rounds is not None:
            self._rounds.on_kill()

    def _new_rounds(self, context: Context, run: CheckRun, on_reject: OnReject, least: Least) -> CheckRounds:
        is_over = cache(partial(is_run_over, context["ti"]))
        makes = on_reject is OnReject.REMAKE
        self._rounds = CheckRounds(
            self,
            context,
            run,
            least=least,
            max_remakes=_CHECKS["max_remakes"]("max_remakes", self.max_remakes) if makes else 0,
            is_over=lambda other: is_over(other.dag_id, other.run_id),
            new_stop=self._new_stop,
        )
        return self._rounds

    def _finish(self, context: Context, run: CheckRun, on_reject: OnReject, rounds: CheckRounds) -> dict[str, Any]:
        """Do what is left to do, write the file, and judge."""
        rounds.go_on()
        counts, rejected = run.counts, run.rejected
        output: dict[str, Any] = {
            "path": run.write(Kind.CHECKED, run.lines, context["ti"].try_number),
            "counts": counts,
        }
        if run.catalogue is not None:
            output["catalogue"] = run.catalogue
        told = in_words(counts) or "nothing to check"
        self.log.info("Of %s: %s; see %s", counted(len(run.lines), "item"), told, output["path"])
        self._tell_of_products(run.checks)
        self._judge(context, on_reject, rejected, len(run.lines), output)
        return output

    def _tell_of_products(self, checks: Iterable[Mapping[str, Any]]) -> None:
        from airflow_provider_mps.catalogue.checking.words import told_of_products

        if told := told_of_products(checks):
            self.log.warning("%s", told)

    def _new_stop(self) -> threading.Event:
        # What is carried out at once sets it at its end.
        self._stop = threading.Event()
        return self._stop

    def _judge(
        self, context: Context, on_reject: OnReject, rejected: Sequence[Mapping[str, Any]], count: int, result: Any
    ) -> None:
        from airflow_provider_mps.catalogue.checking.words import told
        from airflow_provider_mps.catalogue.errors import PicturesRejectedError

        if not rejected:
            return
        if on_reject is not OnReject.FAIL:
            self.log.warning("%s left out, as the check has rejected them: %s", f"{len(rejected):,}", told(rejected))
            return
        hand_over(self, context, result)
        raise PicturesRejectedError(len(rejected), count, told(rejected))

    def _read(self) -> tuple[OnReject, Bounds, Least]:
        from airflow_provider_mps.pictures.check import Bounds

        with invalid_arguments_fail():
            given = {name: getattr(self, name) for name in _CHECKS}
            arguments.check_rendered(("on_reject", "max_remakes"), given)
            read = {name: check(name, given[name]) for name, check in _CHECKS.items() if given[name] is not None}
            return read["on_reject"], Bounds(**read.get("bounds", {})), read.get("second_opinion", {})

    def _paths(self) -> list[StepOutput]:
        from airflow_provider_mps.catalogue.addresses import read_output

        with invalid_arguments_fail():
            outputs = read_output("pictures", self.pictures)
        if not outputs:
            raise AirflowSkipException("pictures is empty: there is nothing to check")
        return outputs

    def _run(self, context: Context, bounds: Bounds, outputs: Sequence[StepOutput]) -> CheckRun:
        from airflow_provider_mps.catalogue.checking.run import CheckRun, place_of
        from airflow_provider_mps.durable.tries import task_of
        from airflow_provider_mps.storage.files import Files

        files = Files(None, self.tencentcloud_conn_id)
        with invalid_arguments_fail():
            place = place_of(outputs, self.results, task_of(context))
        files.check("results", place.folder)
        return CheckRun(files, place, task_of(context), self._checker(bounds), self._settings().storage, bounds)

    def _checker(self, bounds: Bounds) -> Checker:
        from airflow_provider_mps.catalogue.checking.checker import Checker

        return Checker(self.tencentcloud_conn_id, bounds, self.max_workers, self.log)

    def _settings(self) -> TencentCloudSettings:
        from airflow_provider_mps.hooks.cos import CosHook

        return CosHook(self.tencentcloud_conn_id).settings


def _check_catalogue(on_reject: OnReject, least: Least, catalogue: str | None) -> None:
    if catalogue is not None:
        return
    if on_reject is OnReject.REMAKE:
        arguments.fail(
            "on_reject", on_reject.value, "fail or leave_out: only pictures of a catalogue are made once more"
        )
    if least:
        told = "None: only a catalogue remembers what was answered, and so what is paid for already"
        arguments.fail("second_opinion", dict(least), told)


def _bounds(name: str, value: Any) -> dict[str, Any]:
    from airflow_provider_mps.catalogue.checking.bounds import read_bounds

    return read_bounds(name, value)


def _least(name: str, value: Any) -> Least:
    from airflow_provider_mps.catalogue.checking.bounds import read_least

    return read_least(name, value)


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "subject": object_address,
    "on_reject": lambda name, value: arguments.word(name, value, OnReject),
    "max_remakes": lambda name, value: arguments.integer(name, value, 1, MAX_REMAKES),
    "bounds": _bounds,
    "second_opinion": _least,
    "results": whole_address,
    "record_dir": arguments.output_dir,
    "region": arguments.region,
}
