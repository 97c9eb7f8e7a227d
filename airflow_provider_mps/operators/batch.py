"""Have many pictures made in one Airflow task, whoever makes them."""

from __future__ import annotations

import time
from abc import abstractmethod
from collections.abc import Callable, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import replace
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any, ClassVar, NoReturn

from airflow.providers.common.compat.sdk import AirflowSkipException, AirflowTaskTimeout, BaseOperator

from airflow_provider_mps.batch.words import OnEmpty, check_on_empty, whole_address
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.errors import ServiceError
from airflow_provider_mps.core.polling import deadline_of, trigger_lifetime
from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.core.services import ServiceProfile
from airflow_provider_mps.core.vocabulary import DEFAULT_POLL_INTERVAL, DEFAULT_TIMEOUT, XCOM_RETURN_KEY
from airflow_provider_mps.error_table import airflow_error
from airflow_provider_mps.exceptions import (
    MpsBatchFailedError,
    MpsBatchRecordError,
    MpsBatchRefusedError,
    invalid_arguments_fail,
)
from airflow_provider_mps.failures import failures_in_short
from airflow_provider_mps.lineage.reporting import reports_lineage
from airflow_provider_mps.links.gallery import GALLERY_LINKS
from airflow_provider_mps.operators.batch_events import check_event
from airflow_provider_mps.operators.batch_lineage import BatchLineage
from airflow_provider_mps.polling.waiting import end_of_try
from airflow_provider_mps.rendering import TemplatedFields
from airflow_provider_mps.resuming import BeginsAnew
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID, DEFAULT_RECORD_DIR

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg
    from airflow.triggers.base import BaseTrigger

    # Imported where they are used: a DAG file has no need of them.
    from airflow_provider_mps.batch.asked import Asked
    from airflow_provider_mps.batch.forms import Form
    from airflow_provider_mps.batch.items import Item, ItemOutcome
    from airflow_provider_mps.batch.loop_thread import LoopThread
    from airflow_provider_mps.batch.record import BatchRecord
    from airflow_provider_mps.batch.run import BatchRun, Finish
    from airflow_provider_mps.batch.store import BatchStore
    from airflow_provider_mps.core.airflow_task import TaskKey
    from airflow_provider_mps.core.flow import Terms
    from airflow_provider_mps.core.steps import Log


class PictureBatchOperator(BatchLineage, TemplatedFields, BeginsAnew, BaseOperator):
    """Submits many pictures, waits for them in the worker or in the triggerer, and hands over an entry for each.

    See :class:`~airflow_provider_mps.operators.mps_batch.MpsImageBgFusionBatchOperator` for the arguments.
    """

    service: ClassVar[ServiceProfile]
    operator_extra_links = GALLERY_LINKS
    ui_color = "#e0f0ff"

    def __init__(
        self,
        *,
        requests: Any,
        defaults: Any = None,
        results: str | XComArg | None = None,
        max_failed: int | str | XComArg = 0,
        on_empty: str | XComArg = OnEmpty.SUCCESS.value,
        record_bucket: str | XComArg | None = None,
        record_region: str | XComArg | None = None,
        record_dir: str | XComArg = DEFAULT_RECORD_DIR,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        deferrable: bool = True,
        poll_interval: float | timedelta = DEFAULT_POLL_INTERVAL,
        timeout: float | timedelta = DEFAULT_TIMEOUT,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.requests: Any = requests
        self.defaults: Any = defaults
        self.results: Any = results
        self.max_failed: Any = max_failed
        self.on_empty: Any = on_empty
        self.record_bucket: Any = record_bucket
        self.record_region: Any = record_region
        self.record_dir: Any = record_dir
        self.tencentcloud_conn_id = tencentcloud_conn_id
        self.deferrable = deferrable
        self._loop_thread: LoopThread | None = None
        with invalid_arguments_fail():
            self.poll_interval = arguments.seconds("poll_interval", poll_interval)
            self.timeout = arguments.seconds("timeout", timeout)
            arguments.check_literals({name: getattr(self, name) for name in _CHECKS}, _CHECKS)

    @abstractmethod
    def make_hook(self) -> Any:
        """Return the hook for the rendered connection; see :class:`~airflow_provider_mps.batch.port.BatchHook`."""

    @abstractmethod
    def read_items(self, hook: Any, task: TaskKey, asked: list[Asked]) -> list[Item]:
        """Return the pictures that are asked for.

        :param task: the Airflow task
        :param asked: the rendered requests
        :raises ArgumentError: a request cannot be used; the message says which
        """

    @abstractmethod
    def make_terms(self, hook: Any, item: Item, log: Log) -> Terms:
        """Return the terms of the service for one picture."""

    @abstractmethod
    def make_trigger(self, prefix: str, until: float | None, total: int) -> BaseTrigger:
        """Return the trigger that waits for all.

        :param prefix: COS prefix of the record
        :param until: when the ``execution_timeout`` of the Airflow task ends, seconds since the epoch
        :param total: how many pictures there are
        """

    def finishing(self) -> AbstractContextManager[Finish | None]:
        """Return what completes results, for as long as the context is open; see ``batch.run.Finish``."""
        return nullcontext()

    @failures_in_short
    @reports_lineage
    def execute(self, context: Context) -> Any:
        """Submit what has to be submitted, wait for all, and hand over what came of each request."""
        return self._work(context, begins=True)

    @failures_in_short
    @reports_lineage
    def execute_complete(self, context: Context, event: Any = None) -> Any:
        """Take up the batch again: all that was waited for is in the record."""
        check_event(event)
        return self._work(context, begins=False)

    def on_kill(self) -> None:
        """Stop submitting, when a person or Airflow ends the task."""
        if self._loop_thread is not None:
            self._loop_thread.cancel()

    def _work(self, context: Context, *, begins: bool) -> Any:
        """Do what there is to do.

        :param begins: whether a try begins; who comes from a deferral goes on with what was begun
        """
        from airflow_provider_mps.batch.record import UnreadablePageError
        from airflow_provider_mps.batch.writer import close
        from airflow_provider_mps.durable.tries import instance_of, task_of

        self.check_found()
        hook, task = self.make_hook(), task_of(context)
        with invalid_arguments_fail():
            max_failed = arguments.integer("max_failed", self.max_failed, 0)
            on_empty = check_on_empty("on_empty", self.on_empty)
            form = self._form(context, task)
            self.lineage_notes.seen = items = self.read_items(hook, task, asked := form.asked())
            store = self._store(task)
        if begins and (items or not form.is_empty):
            form.check(str(store))
        if not items:
            return self._nothing_to_do(form, on_empty)
        record = self._take_over(context, store, form, begins=begins)
        try:
            items = form.taken_over(items, asked, record, partial(self.read_items, hook), store.at)
            ends = self._ends(context, hook, items, form, store, record)
            if ends is not None:
                self.lineage_notes.ends = ends
                self._judge(context, form, items, ends, max_failed)
                result = form.hand_over(items, ends)
                record.mark_returned(context["ti"].max_tries, instance_of(context))
        except UnreadablePageError as error:
            raise MpsBatchRecordError(store.prefix, str(error)) from None
        except Exception:
            close(store, record.header, self.log)
            raise
        close(store, record.header, self.log)
        if ends is None:
            self._defer(context, hook, store, record, len(items))
        return result

    def _form(self, context: Context, task: TaskKey) -> Form:
        if self.results is None and not isinstance(self.requests, str | Mapping):
            from airflow_provider_mps.batch.forms import ListForm

            return ListForm(self.requests)
        from airflow_provider_mps.catalogue.batch.form import file_form

        given, conn_id, try_number = (self.requests, self.results), self.tencentcloud_conn_id, context["ti"].try_number
        return file_form(*given, conn_id=conn_id, service=self.service, task=task, try_number=try_number)

    def _store(self, task: TaskKey) -> BatchStore:
        from airflow_provider_mps.batch.store import BatchStore, batch_prefix
        from airflow_provider_mps.hooks.cos import CosHook

        record_dir = arguments.output_dir("record_dir", self.record_dir)
        for name in ("record_bucket", "record_region"):
            if getattr(self, name) is not None:
                _CHECKS[name](name, getattr(self, name))
        bucket = CosHook(self.tencentcloud_conn_id, self.record_bucket, self.record_region)
        return BatchStore(bucket, batch_prefix(record_dir, task), self.service)

    def _take_over(self, context: Context, store: BatchStore, form: Form, *, begins: bool) -> BatchRecord:
        from airflow_provider_mps.batch.record import UnreadablePageError
        from airflow_provider_mps.batch.writer import take_over
        from airflow_provider_mps.durable.tries import instance_of

        try_number = context["ti"].try_number
        try:
            record = take_over(store, instance_of(context), may_be_new=begins and try_number == 1)
        except UnreadablePageError as error:
            raise MpsBatchRecordError(store.prefix, str(error)) from None
        if form.joins_after_return:
            record.header = replace(record.header, delivered_tries=None, delivered_to=None)
        self.log.info("The record of this batch is in %s", store)
        return record

    def _nothing_to_do(self, form: Form, on_empty: OnEmpty) -> Any:
        if on_empty is OnEmpty.SKIP and form.is_empty:
            raise AirflowSkipException("requests is empty, and on_empty='skip'")
        self.log.info("requests is empty: there is no picture to make")
        return form.hand_over([], {})

    def _ends(
        self, context: Context, hook: Any, items: list[Item], form: Form, store: BatchStore, record: BatchRecord
    ) -> dict[int, ItemOutcome] | None:
        """Return how each item ended, by its index; None if some still run and are waited for in the triggerer."""
        from airflow_provider_mps.batch.items import recognise

        items = recognise(items, record.records, context["ti"].max_tries)
        known = form.take_up(items, record)
        left = [item for item in items if item.index not in known]
        if known:
            self.log.info("%s made, or being made, by another run: not submitted", counted(len(known), "picture"))
        if not left:
            return known

        def stop(error: BaseException, run: BatchRun) -> None:
            if form.hands_over_after(error):
                why = error.code if isinstance(error, ServiceError) else type(error).__name__
                self._push(context, form, items, {**known, **run.ends_so_far(why)})

        ends = self._run(context, hook, left, store, record, stop)
        return None if ends is None else {**known, **ends}

    def _run(
        self, context: Context, hook: Any, items: list[Item], store: BatchStore, record: BatchRecord, stop: _Stop
    ) -> dict[int, ItemOutcome] | None:
        from airflow_provider_mps.batch.loop_thread import LoopThread
        from airflow_provider_mps.batch.run import BatchRun
        from airflow_provider_mps.batch.writer import BatchWriter
        from airflow_provider_mps.durable.tries import airflow_try_of

        until = end_of_try(self, context)
        attempt = airflow_try_of(context, self.service, self.retries or 0, keeps_records=not record.is_new)
        if not record.is_new or not hook.can_list:
            # An item without a record was never submitted, in whatever try: the record is read whole, or not at all.
            attempt = replace(attempt, try_number=1, has_submitted=False)
        elif attempt.try_number > 1:
            self.log.warning("Earlier tries have left nothing there, so their tasks are looked for at %s", self.service)
        self._loop_thread = LoopThread()
        with BatchWriter(store, record, [item.token for item in items]) as writer, self.finishing() as finish:
            run = BatchRun(
                hook,
                lambda item, log: self.make_terms(hook, item, log),
                items,
                writer,
                attempt,
                deadline_of=lambda since: deadline_of(since, self.timeout, until),
                timeout=self.timeout,
                interval=self.poll_interval,
                log=self.log,
                finish=finish,
            )
            try:
                self._loop_thread.run(lambda: run.run(waits=not self.deferrable))
            except (Exception, AirflowTaskTimeout) as error:
                stop(error, run)
                raise
        return None if len(run.ends) < len(items) else run.ends

    def _judge(
        self, context: Context, form: Form, items: list[Item], ends: dict[int, ItemOutcome], max_failed: int
    ) -> None:
        from airflow_provider_mps.batch.items import ItemFailure, limit_reached, summary

        missing = [(item, end) for item in items if isinstance(end := ends[item.index], ItemFailure)]
        failed_or_left = [(item, end) for item, end in missing if end.code not in form.no_failures]
        failures = [(item, end) for item, end in failed_or_left if not end.is_left_for_later]
        left = [end for _, end in failed_or_left if end.is_left_for_later]
        count, failed, made = len(ends), len(failures), len(ends) - len(missing)
        self.log.info(
            "%s of %s %s there, %s failed%s",
            f"{made:,}",
            counted(count, "picture"),
            "is" if count == 1 else "are",
            f"{failed:,}",
            f", {len(missing) - failed:,} left for later" if len(missing) > failed else "",
        )
        told = summary(failures)
        if failed > max_failed:
            self._push(context, form, items, ends)
            # What is left for later may still be made.
            is_final = not left and all(end.is_final for _, end in failures)
            kind = MpsBatchRefusedError if is_final else MpsBatchFailedError
            raise kind(failed, count, max_failed, told)
        if failures:
            self.log.warning("%d failed, which max_failed=%d allows: %s", failed, max_failed, told)
        if left:
            self._push(context, form, items, ends)
            raise airflow_error(limit_reached(self.service.name, left, made, count))

    def _push(self, context: Context, form: Form, items: list[Item], ends: dict[int, ItemOutcome]) -> None:
        """Hand over what was paid for, before the task fails."""
        try:
            self.lineage_notes.ends, self.lineage_notes.handed_over = ends, (result := form.hand_over(items, ends))
            if self.do_xcom_push:
                context["ti"].xcom_push(key=XCOM_RETURN_KEY, value=result)
        except Exception as error:
            self.log.warning("The entries of the batch could not be handed over: %s", error)

    def _defer(self, context: Context, hook: Any, store: BatchStore, record: BatchRecord, total: int) -> NoReturn:
        now, until = time.time(), end_of_try(self, context)
        trigger = self.make_trigger(store.prefix, until, total)
        # The last look at each falls on its deadline, and takes its turn.
        last = max((known.waits_from or now for known in record.asked_for().values()), default=now) + self.timeout
        lifetime = trigger_lifetime(now=now, deadline=last + total / hook.look_rate)
        self.defer(trigger=trigger, method_name="execute_complete", timeout=timedelta(seconds=lifetime))
        raise AssertionError("defer() does not return")


_Stop = Callable[[BaseException, "BatchRun"], None]
_CHECKS: dict[str, Callable[[str, Any], object]] = {
    "max_failed": lambda name, value: arguments.integer(name, value, 0),
    "on_empty": check_on_empty,
    "results": whole_address,
    "record_bucket": arguments.bucket,
    "record_region": arguments.region,
    "record_dir": arguments.output_dir,
}
