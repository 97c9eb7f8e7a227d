"""Report what a refresh of a catalogue did, for people and for machines."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator

from airflow_provider_mps.batch.words import whole_address
from airflow_provider_mps.core import arguments
from airflow_provider_mps.exceptions import invalid_arguments_fail
from airflow_provider_mps.failures import failures_in_short
from airflow_provider_mps.lineage.reporting import ReportsLineage, reports_lineage
from airflow_provider_mps.links.report import XCOM_REPORT_LINK, CatalogueReportLink
from airflow_provider_mps.rendering import TemplatedFields
from airflow_provider_mps.services.tencentcloud.profile import COS
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID
from airflow_provider_mps.storage.parallel import StoppableTransfer

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg

    from airflow_provider_mps.catalogue.report.items import Reported
    from airflow_provider_mps.catalogue.report.read import RunRead

    # Imported where they are used: a DAG file has no need of them.
    from airflow_provider_mps.catalogue.report.summary import Report

DEFAULT_PICTURES_SHOWN = 200
MAX_PICTURES_SHOWN = 1000


class CatalogueReportOperator(ReportsLineage, TemplatedFields, StoppableTransfer, BaseOperator):
    """Write a report of a refresh: a page that opens without a network, JSON, and a table of all items.

    Takes what the other tasks of the refresh have returned. As a teardown (``report.as_teardown()``), or with
    ``trigger_rule="all_done"``, it runs where any of them has failed or was skipped too, or its file is unreadable:
    the report says so and shows what there is. A teardown leaves the state of the DAG run to the other tasks; with
    ``all_done`` alone a report that was written makes a run green whose other tasks failed. It says why items
    were to be made and what came of it; failures by code, with the service's words, RequestId, TaskId and what can be
    done; time, rate, and, where the connection has the extra ``prices``, what was paid; and it shows the subject, the
    picture before and the new one side by side.

    The page is one file: styles and small copies of the pictures are in it, no script is. Names, prompts and messages
    are escaped, and signatures of addresses are left out. The JSON file has all numbers and all failures (``version``
    1), the CSV file a row for each item, with formulas disarmed. Returns ``{"path", "json_path", "counts"}``, and puts
    the address of the page behind the button *Report* of the task.

    Pictures are read from COS alone; the address of a subject elsewhere is shown, and not fetched.

    Templated: ``plan``, ``pictures``, ``published``, ``dest``, ``title``, ``link_base``, ``conn_id``,
    ``tencentcloud_conn_id``.

    :param plan: output of :class:`~airflow_provider_mps.operators.catalogue.CataloguePlanOperator` (dict), or the
        address of its file (str); default None: not in this DAG
    :param pictures: the same of one or several batches (dict, str, or a list of them)
    :param published: the same of one or several publications (dict, str, or a list of them)
    :param dest: folder for the report (str): ``cos://bucket/key/``, ``cos:///key/`` in the bucket of the connection,
        any address that Airflow's ``ObjectStoragePath`` knows, or a path on the worker's disk
    :param title: heading of the page (str); default: the last part of the catalogue's address, else the id of the DAG
    :param thumbnails: show pictures (bool), default True
    :param max_pictures_shown: of how many items (int), 0 to 1,000, default 200; failures come first
    :param link_base: http(s) address under which people read ``dest`` (str); default: for COS the folder in its
        console, for the disk a ``file://`` address, which a browser opens only when it is pasted
    :param conn_id: Airflow connection of the object storage where that is not COS (str), default none
    :param tencentcloud_conn_id: Airflow connection for COS (str), default ``tencentcloud_default``; None reads the
        environment
    :raises ValueError: a fixed argument cannot be used; when the DAG is read
    :raises InvalidArgumentError: a rendered value cannot be used; nothing was written, and Airflow does not retry
    :raises TencentCloudPermanentError: COS refused to store the report; Airflow does not retry
    :raises TencentCloudError: COS does not answer
    """

    service = COS
    lineage_fields = ("plan", "pictures", "published")
    template_fields: Sequence[str] = (
        "plan",
        "pictures",
        "published",
        "dest",
        "title",
        "link_base",
        "conn_id",
        "tencentcloud_conn_id",
    )
    template_fields_renderers = {"plan": "json", "pictures": "json", "published": "json"}
    container_fields = ("plan", "pictures", "published")
    operator_extra_links = (CatalogueReportLink(),)
    ui_color = "#f0f4e0"

    def __init__(
        self,
        *,
        plan: Any = None,
        pictures: Any = None,
        published: Any = None,
        dest: str | XComArg,
        title: str | XComArg | None = None,
        thumbnails: bool = True,
        max_pictures_shown: int = DEFAULT_PICTURES_SHOWN,
        link_base: str | XComArg | None = None,
        conn_id: str | None = None,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        **kwargs: Any,
    ) -> None:
        from airflow_provider_mps.catalogue.report.link import check_link_base

        super().__init__(**kwargs)
        self.plan = plan
        self.pictures = pictures
        self.published = published
        self.dest: Any = dest
        self.title: Any = title
        self.link_base: Any = link_base
        self.conn_id = conn_id
        self.tencentcloud_conn_id = tencentcloud_conn_id
        self._asked = [name for name in ("plan", "pictures", "published") if getattr(self, name) is not None]
        with invalid_arguments_fail():
            if not isinstance(thumbnails, bool):
                arguments.fail("thumbnails", thumbnails, "True or False")
            self.thumbnails = thumbnails
            self.max_pictures_shown = arguments.integer("max_pictures_shown", max_pictures_shown, 0, MAX_PICTURES_SHOWN)
            given = {"dest": dest, "title": title, "link_base": link_base}
            checks = {"dest": whole_address, "title": arguments.text, "link_base": check_link_base}
            arguments.check_literals(given, checks)
            self._check_steps()

    @failures_in_short
    @reports_lineage
    def execute(self, context: Context) -> dict[str, Any]:
        """Write the report; return where it is, and the counts."""
        from airflow_provider_mps.catalogue.report.headline import headline_of
        from airflow_provider_mps.catalogue.report.read import read_run
        from airflow_provider_mps.core.redaction import bare_url
        from airflow_provider_mps.storage.files import Files
        from airflow_provider_mps.storage.lines import read_lines

        self._stop = threading.Event()
        steps = self._given()
        dest = self._checked_dest()
        files = Files(self.conn_id, self.tencentcloud_conn_id)
        files.check("dest", dest)
        run = read_run(steps, lambda address: read_lines(files, address), self.log.warning)
        report = self._report(context, run)
        path, json_path = self._write(files, dest, report)
        self.log.info("%s: %s", bare_url(path), headline_of(report).words)
        link = self._link(dest, path.rpartition("/")[2])
        # Empty where there is none: Airflow would log an error for an XCom that the button looks for and does not find.
        if self.do_xcom_push:
            context["ti"].xcom_push(key=XCOM_REPORT_LINK, value=link)
        return {"path": path, "json_path": json_path, "counts": dict(report.counts)}

    def _check_steps(self) -> None:
        """Check what no template will change."""
        from airflow_provider_mps.catalogue.addresses import read_output

        for name in self._asked:
            if (value := getattr(self, name)) != "" and not arguments.is_template(value):
                read_output(name, value)

    def _given(self) -> dict[Any, Any]:
        """Return what is given of each step; a template that found nothing is a step whose task returned nothing."""
        from airflow_provider_mps.catalogue.report.read import given
        from airflow_provider_mps.catalogue.report.summary import StepName

        nothing = self._found_nothing
        self._found_nothing = tuple(name for name in nothing if name not in list(StepName))
        self.check_found()
        with invalid_arguments_fail():
            return {
                name: given(name, None if name in nothing else getattr(self, name), is_asked=name in self._asked)
                for name in StepName
            }

    def _checked_dest(self) -> str:
        from airflow_provider_mps.catalogue.report.link import check_link_base

        with invalid_arguments_fail():
            if self.link_base is not None:
                check_link_base("link_base", self.link_base)
            return whole_address("dest", self.dest)

    def _report(self, context: Context, run: RunRead) -> Report:
        from airflow_provider_mps.catalogue.report.summary import report_of
        from airflow_provider_mps.core.texts import clean
        from airflow_provider_mps.durable.tries import task_of

        task = task_of(context)
        title = self.title or f"Refresh of {run.catalogue.rstrip('/').rpartition('/')[2] or task.dag_id}"
        return report_of(
            title=clean(title, 200),
            catalogue=run.catalogue,
            run={"DAG": clean(task.dag_id), "Run": clean(task.run_id), "Task": clean(task.task_id)},
            steps=run.steps,
            items=run.items,
            now=time.time(),
            is_dry=run.is_dry,
            price=self._price(run),
        )

    def _price(self, run: RunRead) -> Any:
        """Return what was paid, or would be; None without prices."""
        from airflow_provider_mps.catalogue.report.summary import price_of
        from airflow_provider_mps.hooks.mps import MpsHook

        try:
            prices = MpsHook(self.tencentcloud_conn_id).settings.prices
        except Exception as error:
            # A report on the disk needs no connection.
            self.log.warning("The report has no prices, as the connection could not be read: %s", error)
            return None
        if prices is None:
            return None
        return price_of(
            run.items, lambda size: prices.price_of({"image_size": size or None}), prices.currency, is_dry=run.is_dry
        )

    def _write(self, files: Any, dest: str, report: Report) -> tuple[str, str]:
        """Write the files; the page comes last, as it names the others."""
        from airflow_provider_mps.catalogue.report.files import csv_of, file_names, json_of
        from airflow_provider_mps.catalogue.report.page import render_page
        from airflow_provider_mps.storage.files import join

        names = file_names(report.made_at)
        shown, note = self._shown(report.items)
        page = render_page(report, shown, names, note)
        files.write(join(dest, names.csv), csv_of(report.items), "text/csv; charset=utf-8")
        json_path, path = join(dest, names.json), join(dest, names.page)
        files.write(json_path, json_of(report, names.csv), "application/json")
        files.write(path, page, "text/html; charset=utf-8")
        return path, json_path

    def _shown(self, items: Sequence[Reported]) -> tuple[list[Any], str]:
        """Return the items with pictures, and what is said above them."""
        from airflow_provider_mps.catalogue.report.pictures import CosPictures, choose, draw, regions_of

        chosen = choose(items, self.max_pictures_shown if self.thumbnails else 0)
        if not chosen:
            return [], ""
        more = sum(1 for one in items if one.pictures or one.end.is_failure) - len(chosen)
        note = (
            f"{len(chosen):,} are shown, failures first; {more:,} more are in the table of all items." if more else ""
        )
        try:
            fetch = CosPictures(self.tencentcloud_conn_id, regions_of(chosen))
        except Exception as error:
            self.log.warning("The report has no pictures, as COS cannot be asked: %s", error)
            return [], "The pictures could not be fetched: see the log of the task."
        return draw(chosen, fetch, self.log.info, self._stop), note

    def _link(self, dest: str, name: str) -> str:
        from airflow_provider_mps.catalogue.report.link import beneath_base, link_of

        if self.link_base is not None:
            return beneath_base(self.link_base, name)
        try:
            return link_of(dest, name, self.tencentcloud_conn_id)
        except Exception as error:
            self.log.warning("The report has no link: %s", error)
            return ""
