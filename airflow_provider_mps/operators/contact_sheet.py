"""Draw one picture from many results, for mail, chat and reports."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from itertools import islice
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import AirflowSkipException, BaseOperator

from airflow_provider_mps.batch.words import whole_address
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.cos_address import object_address
from airflow_provider_mps.core.lists import check_list, check_no_task
from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.core.redaction import bare_url
from airflow_provider_mps.exceptions import InvalidArgumentError, invalid_arguments_fail
from airflow_provider_mps.failures import failures_in_short
from airflow_provider_mps.lineage.reporting import ReportsLineage, reports_lineage
from airflow_provider_mps.links.gallery import RESULT_LINKS, note_result
from airflow_provider_mps.rendering import TemplatedFields
from airflow_provider_mps.services.aidge.words import DEFAULT_AIDGE_CONN_ID
from airflow_provider_mps.services.profiles import COS
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID
from airflow_provider_mps.storage.parallel import MAX_WORKERS, StoppableTransfer

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg

    # Imported where they are used: a DAG file has no need of them.
    from airflow_provider_mps.catalogue.sheets.draw import Look
    from airflow_provider_mps.catalogue.sheets.items import SheetItem

DEFAULT_MAX_PICTURES, MAX_PICTURES = 200, 1000
DEFAULT_PER_SHEET = 48
# Each holds one picture in memory.
DEFAULT_FETCHERS = 4
_SHOWN_KINDS = ("subject", "result")
_OPTIONAL = ("subject", "title", "font")


class ContactSheetOperator(StoppableTransfer, ReportsLineage, TemplatedFields, BaseOperator):
    """Draw one picture from many results: a panel for each, with its number, its name, and what was found wrong.

    Takes what the other tasks return: results of MPS and of Aidge, entries of a batch, files of lines of a plan, a
    batch, a check, a label or a publication, copies in an object storage, and addresses of pictures. A failed entry, a
    rejected picture and one that is not there any more is a panel with words, and no failure of the task. Pictures of
    Aidge are fetched by addresses of the moment. A subject at an http(s) address is not fetched; where no item has a
    subject that is, there is none on the sheets.

    More items than ``per_sheet``, or than have room on a sheet (32 million pixels), go on on further sheets, and are
    numbered through. Items go in the order in which they are given; those behind ``max_pictures`` are counted.

    Returns ``{"Outputs", "counts"}``: ``Outputs`` says where the sheets are, in COS as results say it, ``{"bucket",
    "region", "path", "cos_uri", "url"}``, elsewhere ``{"uri"}``; ``counts`` are ``shown``, ``left_out`` and, of those
    shown, ``without_picture``. Where there is nothing to draw, the task is skipped.

    Templated: all arguments but ``max_workers``.

    :param pictures: a result (dict), a list of results or of entries, what a task with a file of lines returned
        (``{"path", ...}``), the address of such a file or of a picture (str), or a list of these
    :param dest: folder for the sheets (str), or the name of a file: ``cos://bucket/key/``, ``cos:///key/`` in the
        bucket of the connection, any address that Airflow's ``ObjectStoragePath`` knows, or a path on the worker's
        disk. In a folder each try writes a new name; a file is replaced, and further sheets get ``-2``, ``-3`` ...
    :param subject: the product photo (str), where results name none: ``cos://bucket/key``
    :param title: heading (str); default: the ids of the DAG and of the run
    :param show: which pictures of an item (list of str), of ``subject``, ``before`` (what was published before) and
        ``result``; default ``("subject", "result")``
    :param columns: how many pictures stand side by side (int), 1 to 12, default 6
    :param side: the longer side of a picture in pixels (int), 64 to 720, default 360
    :param max_pictures: how many items are shown (int), 1 to 1,000, default 200
    :param per_sheet: how many items a sheet has at the most (int), 1 to 200, default 48
    :param format: ``JPEG`` (default) or ``PNG`` (str)
    :param font: path of a font file on the worker (str), for names that Pillow's own font cannot write, such as Chinese
        ones; default one that the system has
    :param conn_id: Airflow connection of other storages than COS (str), default none
    :param tencentcloud_conn_id: Airflow connection for COS (str), default ``tencentcloud_default``; None reads the
        environment
    :param aidge_conn_id: Airflow connection for results of Aidge (str), default ``aidge_default``
    :param max_workers: how many pictures are fetched at the same time (int), 1 to 32, default 4; each holds one in
        memory
    :raises ValueError: a fixed argument cannot be used; when the DAG is read
    :raises InvalidArgumentError: a rendered value cannot be used; nothing was written, and Airflow does not retry
    :raises UnreadableLinesError: a file of lines cannot be read; Airflow does not retry
    :raises TencentCloudPermanentError: COS refused to store the sheet; Airflow does not retry
    :raises TencentCloudError: COS does not answer
    """

    service = COS
    operator_extra_links = RESULT_LINKS
    ui_color = "#eef0f8"
    lineage_fields = ("pictures", "subject")
    template_fields: Sequence[str] = (
        *("pictures", "dest", "subject", "title", "show", "columns", "side", "max_pictures", "per_sheet", "format"),
        *("font", "conn_id", "tencentcloud_conn_id", "aidge_conn_id"),
    )
    template_fields_renderers = {"pictures": "json"}
    container_fields = ("pictures", "show")

    def __init__(
        self,
        *,
        pictures: Any,
        dest: str | XComArg,
        subject: str | XComArg | None = None,
        title: str | XComArg | None = None,
        show: Sequence[str] | XComArg = _SHOWN_KINDS,
        columns: int | str | XComArg = 6,
        side: int | str | XComArg = 360,
        max_pictures: int | str | XComArg = DEFAULT_MAX_PICTURES,
        per_sheet: int | str | XComArg = DEFAULT_PER_SHEET,
        format: str | XComArg = "JPEG",
        font: str | XComArg | None = None,
        conn_id: str | XComArg | None = None,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        aidge_conn_id: str = DEFAULT_AIDGE_CONN_ID,
        max_workers: int = DEFAULT_FETCHERS,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pictures: Any = pictures
        self.dest: Any = dest
        self.subject: Any = subject
        self.title: Any = title
        self.show: Any = show
        self.columns: Any = columns
        self.side: Any = side
        self.max_pictures: Any = max_pictures
        self.per_sheet: Any = per_sheet
        self.format: Any = format
        self.font: Any = font
        self.conn_id: Any = conn_id
        self.tencentcloud_conn_id = tencentcloud_conn_id
        self.aidge_conn_id = aidge_conn_id
        with invalid_arguments_fail():
            self.max_workers = arguments.integer("max_workers", max_workers, 1, MAX_WORKERS)
            if pictures is None:
                arguments.fail("pictures", pictures, "what another task has returned")
            check_no_task("pictures", pictures)
            checks = _checks()
            arguments.check_literals({name: getattr(self, name) for name in checks}, checks)
            self._check_required()

    @failures_in_short
    @reports_lineage
    def execute(self, context: Context) -> dict[str, Any]:
        """Draw; return where the sheets are, and what is on them."""
        from airflow_provider_mps.catalogue.sheets.draw import draw_sheets, kinds_of, pages_of, sources_of
        from airflow_provider_mps.catalogue.sheets.files import sheet_addresses
        from airflow_provider_mps.catalogue.sheets.sources import Pictures
        from airflow_provider_mps.durable.tries import task_of
        from airflow_provider_mps.storage.files import Files

        self.check_found()
        self._stop = stop = threading.Event()
        files = Files(self.conn_id, self.tencentcloud_conn_id)
        read, look = self._read(context)
        files.check("dest", read["dest"])
        items, left_out = self._items(files, read["max_pictures"])
        if not items:
            raise AirflowSkipException("pictures is empty: there is nothing to draw")
        kinds = kinds_of(items, read["show"]) or [read["show"][0]]
        conn_ids = self.conn_id, self.tencentcloud_conn_id, self.aidge_conn_id
        fetch = Pictures(sources_of(items, kinds), *conn_ids, stop)
        pages = len(pages_of(items, kinds, look))
        addresses = sheet_addresses(read["dest"], pages, look.encoding, task_of(context), context["ti"].try_number)
        sheets = draw_sheets(
            items,
            kinds,
            look,
            fetch,
            left_out=left_out,
            max_workers=self.max_workers,
            log_line=self.log.info,
            stop=stop,
        )
        without, missing = list[str](), set[str]()
        for address, (sheet, whys) in zip(addresses, sheets, strict=True):
            files.write(address, sheet.data, look.encoding.content_type)
            self.log.info("%s: %d x %d pixels", bare_url(address), sheet.width, sheet.height)
            without += whys
            missing |= set(sheet.missing)
        self._tell(len(items), left_out, without, missing)
        counts = {"shown": len(items), "left_out": left_out, "without_picture": len(without)}
        found = {"Outputs": [files.told(address) for address in addresses], "counts": counts}
        note_result(self, found)
        return found

    def _items(self, files: Any, most: int) -> tuple[list[SheetItem], int]:
        """Return what is shown, and how much more there is."""
        from airflow_provider_mps.catalogue.addresses import given_parts
        from airflow_provider_mps.catalogue.sheets.items import EXPECTED, sheet_items
        from airflow_provider_mps.storage.lines import read_lines

        with invalid_arguments_fail():
            parts = given_parts("pictures", self.pictures, EXPECTED)
            found = sheet_items(parts, lambda address: read_lines(files, address), self.subject)
            return list(islice(found, most)), sum(1 for _ in found)

    def _read(self, context: Context) -> tuple[dict[str, Any], Look]:
        from airflow_provider_mps.catalogue.sheets.draw import Look
        from airflow_provider_mps.catalogue.sheets.files import check_ending
        from airflow_provider_mps.durable.tries import task_of
        from airflow_provider_mps.pictures.fonts import load_font
        from airflow_provider_mps.pictures.sheets import SheetFormat

        with invalid_arguments_fail():
            self._check_required()
            given = {name: getattr(self, name) for name in _checks()}
            read: dict[str, Any] = {
                name: None if given[name] is None else check(name, given[name]) for name, check in _checks().items()
            }
            task, encoding = task_of(context), SheetFormat(read["format"])
            check_ending("dest", read["dest"], encoding)
        if read["font"] is not None:
            try:
                load_font(12, read["font"])
            except OSError as error:
                raise InvalidArgumentError(f"font: {read['font']!r:.200} cannot be read ({error})") from None
        title = f"{task.dag_id}, {task.run_id}" if read["title"] is None else read["title"]
        return read, Look(title, read["columns"], read["side"], read["per_sheet"], encoding, read["font"])

    def _check_required(self) -> None:
        for name, check in _checks().items():
            if getattr(self, name) is None and name not in _OPTIONAL:
                check(name, None)

    def _tell(self, shown: int, left_out: int, without: Sequence[str], missing: set[str]) -> None:
        more = f", {left_out:,} more left out (max_pictures={self.max_pictures})" if left_out else ""
        self.log.info("%s shown%s", counted(shown, "item"), more)
        if without:
            self.log.warning("%s of them without a picture, such as: %s", f"{len(without):,}", without[0])
        if missing:
            shown_of_them = "".join(sorted(missing))[:20]
            self.log.warning(
                "No font here has %r: boxes stand in their place. Give font=, the path of one", shown_of_them
            )


def _kinds(name: str, value: Any) -> list[Any]:
    """Return which kinds of pictures are shown."""
    from airflow_provider_mps.catalogue.words import Show

    check_list(name, value, f"a list of {', '.join(Show)}")
    found = [arguments.word(f"{name}[{index}]", one, Show) for index, one in enumerate(value)]
    if not found or len(set(found)) < len(found):
        arguments.fail(name, value, f"at least one of {', '.join(Show)}, and each once")
    return found


def _checks() -> dict[str, Callable[[str, Any], Any]]:
    from airflow_provider_mps.pictures.sheet_layout import MAX_COLUMNS, MAX_SIDE
    from airflow_provider_mps.pictures.sheets import LEAST_SIDE, MAX_PANELS, SheetFormat

    def integer(low: int, high: int) -> Callable[[str, Any], Any]:
        return lambda name, value: arguments.integer(name, value, low, high)

    return {
        "dest": whole_address,
        "subject": object_address,
        "title": arguments.text,
        "show": _kinds,
        "columns": integer(1, MAX_COLUMNS),
        "side": integer(LEAST_SIDE, MAX_SIDE),
        "max_pictures": integer(1, MAX_PICTURES),
        "per_sheet": integer(1, MAX_PANELS),
        "format": lambda name, value: arguments.choice(name, value, SheetFormat),
        "font": lambda name, value: str(arguments.local_path(name, value)),
    }
