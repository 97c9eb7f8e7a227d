"""Ask people whether pictures may be published: the questions, for Airflow's own operator to ask."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any

from airflow.providers.common.compat.sdk import BaseOperator, conf

from airflow_provider_mps.catalogue.words import MAX_PER_PAGE, AskPer
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.gallery_paths import base_path
from airflow_provider_mps.core.lists import check_no_task, flat_list
from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.exceptions import invalid_arguments_fail
from airflow_provider_mps.failures import failures_in_short
from airflow_provider_mps.lineage.reporting import ReportsLineage, reports_lineage
from airflow_provider_mps.rendering import TemplatedFields
from airflow_provider_mps.services.profiles import COS
from airflow_provider_mps.services.tencentcloud.words import DEFAULT_CONN_ID

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import Context, XComArg

DEFAULT_PER_PAGE = 20
_EXPECTED = "results, entries of a batch, or what a task with a file of lines returned"
_SHEETS = "what ContactSheetOperator returned, or addresses of pictures"


class ApprovalQuestionsOperator(ReportsLineage, TemplatedFields, BaseOperator):
    """Write the questions whether pictures may be published, for ``HITLOperator`` (Airflow 3.1) to ask.

    Returns a list of ``{"subject", "body", "options", "multiple"}``, which
    ``HITLOperator.partial(task_id="ask").expand_kwargs(questions.output)`` takes: a question for each page, product or
    picture. The body is a table: each picture beside what it was made from and what was published before, with what a
    check has found. The pictures are those of the gallery, for whoever may read the XComs of the DAG. Names, prompts
    and messages are shown as text, whatever is in them. Failed pictures, and those that a check rejected, are not asked
    about; where there is none, the list is empty, and Airflow skips the mapped task.

    An option names a picture, and has at its end what tells it from all others; besides there is one for all of a page,
    and one for none. What was chosen is understood by ``approved`` of
    :class:`~airflow_provider_mps.operators.catalogue.CataloguePublishOperator`, and by
    :func:`~airflow_provider_mps.gallery.approval.approved_pictures`. Of a result with several pictures each is asked
    about, unless a check has chosen one.

    The XCom has about 1 KB a picture, as Airflow maps over what is in it: no more questions than ``[core]
    max_map_length`` (1,024).

    Templated: all arguments.

    :param pictures: what a task with a file of lines returned (``{"path", ...}``), the address of such a file (str), a
        result (dict), or a list of these or of entries of a batch; None of a task that was skipped is left out
    :param per: what there is a question for (str): ``"page"`` (default), many pictures to tick off; ``"product"``, the
        pictures of a product, or of a product photo, to choose the best; ``"picture"``
    :param per_page: how many pictures a question has at the most (int), 1 to 50, default 20
    :param title: what headlines begin with (str); default: the id of the DAG
    :param sheets: contact sheets on top (dict that a ``ContactSheetOperator`` returned, str, or a list): one for each
        question, or one for all; others are not shown
    :param none_by_default: give each question a default, to approve nothing (bool), default False: with
        ``response_timeout`` of ``HITLOperator`` a question that nobody answers in time succeeds then, else it fails
    :param conn_id: Airflow connection of the storage of files (str), where it is neither COS nor the disk
    :param tencentcloud_conn_id: Airflow connection (str), default ``tencentcloud_default``; None reads the environment
    :raises ValueError: a fixed argument cannot be used; when the DAG is read
    :raises InvalidArgumentError: a rendered value or a line cannot be used; Airflow does not retry
    :raises UnreadableLinesError: a file of pictures cannot be read; Airflow does not retry
    :raises TencentCloudPermanentError: COS refuses the file (permission, credentials, bucket); Airflow does not retry
    :raises TencentCloudError: COS does not answer
    """

    service = COS
    ui_color = "#fbe8f0"
    lineage_fields, hands_on = ("pictures", "sheets"), True
    template_fields: Sequence[str] = (
        "pictures",
        "per",
        "per_page",
        "title",
        "sheets",
        "none_by_default",
        "conn_id",
        "tencentcloud_conn_id",
    )
    template_fields_renderers = {"pictures": "json"}
    container_fields = ("pictures", "sheets")

    def __init__(
        self,
        *,
        pictures: Any,
        per: str | XComArg = AskPer.PAGE.value,
        per_page: int | str | XComArg = DEFAULT_PER_PAGE,
        title: str | XComArg | None = None,
        sheets: Any = None,
        none_by_default: bool | str | XComArg = False,
        conn_id: str | XComArg | None = None,
        tencentcloud_conn_id: str | None = DEFAULT_CONN_ID,
        **kwargs: Any,
    ) -> None:
        super().__init__(**kwargs)
        self.pictures: Any = pictures
        self.per: Any = per
        self.per_page: Any = per_page
        self.title: Any = title
        self.sheets: Any = sheets
        self.none_by_default: Any = none_by_default
        self.conn_id: Any = conn_id
        self.tencentcloud_conn_id = tencentcloud_conn_id
        with invalid_arguments_fail():
            check_no_task("pictures", pictures)
            check_no_task("sheets", sheets)
            arguments.check_literals({name: getattr(self, name) for name in _CHECKS}, _CHECKS)

    @failures_in_short
    @reports_lineage
    def execute(self, context: Context) -> list[dict[str, Any]]:
        """Write the questions."""
        from airflow_provider_mps.catalogue.approval.questions import Pages, questions_of
        from airflow_provider_mps.durable.tries import task_of

        self.check_found()
        with invalid_arguments_fail():
            given = {name: getattr(self, name) for name in _CHECKS}
            read = {name: check(name, given[name]) for name, check in _CHECKS.items() if given[name] is not None}
            sheets = list(_addresses(self.sheets))
            parts = self._parts()
        task = task_of(context)
        pages = Pages(task.dag_id, task.run_id, base_path(conf.get("api", "base_url", fallback=None)))
        questions = questions_of(
            parts,
            pages,
            per=read["per"],
            per_page=read["per_page"],
            title=read.get("title") or task.dag_id,
            sheets=sheets,
            none_by_default=read["none_by_default"],
        )
        self.log.info("%s about %s", counted(len(questions), "question"), counted(len(parts), "result"))
        if len(sheets) not in (0, 1, len(questions)):
            self.log.warning("No contact sheet is shown: there are %d for %d questions", len(sheets), len(questions))
        return questions

    def _parts(self) -> list[Mapping[str, Any]]:
        from airflow_provider_mps.catalogue.addresses import read_output
        from airflow_provider_mps.catalogue.picture_files import read_pictures
        from airflow_provider_mps.storage.files import Files

        value = self.pictures
        given = (
            [value] if isinstance(value, str | Mapping) or value is None else flat_list("pictures", value, _EXPECTED)
        )
        files, found = Files(self.conn_id, self.tencentcloud_conn_id), []
        for index, one in enumerate(given):
            if isinstance(one, Mapping) and "Outputs" in one:
                found.append(one)
            elif one is not None and one != "":
                paths = [output.path for output in read_output(f"pictures[{index}]", one)]
                found += read_pictures(files, paths)
        return found


def _addresses(sheets: Any) -> Iterator[str]:
    """Yield the addresses of contact sheets, as the gallery knows them.

    :raises ArgumentError: they are something else
    """
    if sheets is None or sheets == "":
        return
    for one in [sheets] if isinstance(sheets, str | Mapping) else flat_list("sheets", sheets, _SHEETS):
        outputs = one.get("Outputs") if isinstance(one, Mapping) else None
        for output in outputs if isinstance(outputs, list) else [one]:
            address = (output.get("cos_uri") or output.get("uri")) if isinstance(output, Mapping) else output
            if not isinstance(address, str) or not address:
                arguments.fail("sheets", output, _SHEETS)
            yield address


_CHECKS: dict[str, Callable[[str, Any], Any]] = {
    "per": lambda name, value: arguments.word(name, value, AskPer),
    "per_page": lambda name, value: arguments.integer(name, value, 1, MAX_PER_PAGE),
    "title": arguments.text,
    "none_by_default": arguments.flag,
}
