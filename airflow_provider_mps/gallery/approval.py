"""Questions whether pictures may be published, for ``HITLOperator`` (Airflow 3.1), and what their answers approve."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from airflow.providers.common.compat.sdk import conf

from airflow_provider_mps.catalogue.approval.answers import decide, read_answers
from airflow_provider_mps.catalogue.approval.applied import Applied
from airflow_provider_mps.catalogue.approval.candidates import candidates_of
from airflow_provider_mps.catalogue.approval.questions import Pages, body_of, questions_of
from airflow_provider_mps.catalogue.words import MAX_PER_PAGE, AskPer
from airflow_provider_mps.core import arguments
from airflow_provider_mps.core.gallery_paths import base_path
from airflow_provider_mps.core.lists import check_no_task, flat_list

DEFAULT_PER_PAGE = 20
_EXPECTED = "results with Outputs, entries of a batch, or lines of a catalogue"


class Approved(NamedTuple):
    """What answers mean for pictures; each is in one of the three.

    :param approved: what somebody has said yes to, the chosen one of several pictures first among its ``Outputs``
    :param rejected: what a person has looked at and not chosen
    :param unanswered: what nobody has answered about: it failed, or was rejected by a check, the question failed, or
        its default was taken when the time was over
    """

    approved: list[dict[str, Any]]
    rejected: list[dict[str, Any]]
    unanswered: list[dict[str, Any]]


def approval_body(
    pictures: Any,
    *,
    dag_id: str,
    run_id: str,
    base: str | None = None,
    subject: str | None = None,
    sheet: str | None = None,
) -> str:
    """Return the ``body`` of a question: a table with each picture, what it was made from, and what a check has found.

    Pictures and the link to the gallery are of Airflow's own pages, for whoever may read the XComs of the DAG. Names,
    prompts and messages are shown as text, whatever is in them. What failed, or a check has rejected, is left out.

    :param pictures: a result (dict), or a list of results, of entries of a batch, or of lines of a catalogue's file
    :param dag_id: of the run that the pictures are of (str)
    :param run_id: id of that run (str)
    :param base: path that Airflow's pages are beneath (str); default: that of ``[api] base_url``
    :param subject: the product photo (str), ``cos://bucket/key``, of a result that names none, as a batch's entries do
    :param sheet: address of a contact sheet that is shown on top (str), as its task has returned it
    :raises ValueError: ``pictures`` is something else
    """
    parts = [{"subject": subject, **one} for one in _parts(pictures)]
    candidates = list(candidates_of(parts))
    pages = Pages(dag_id, run_id, _base() if base is None else base)
    return body_of(parts, range(1, len(candidates) + 1), candidates, pages, len(candidates), sheet)


def approval_questions(
    pictures: Any,
    *,
    dag_id: str,
    run_id: str,
    base: str | None = None,
    per: str = AskPer.PAGE.value,
    per_page: int = DEFAULT_PER_PAGE,
    title: str = "",
    sheets: Sequence[str] = (),
    none_by_default: bool = False,
) -> list[dict[str, Any]]:
    """Return the arguments of questions, for ``HITLOperator.partial(task_id=...).expand_kwargs(...)``.

    Each is ``{"subject", "body", "options", "multiple"}``. An option names a picture, and has at its end what tells it
    from all others; besides there is one for all of a page, and one for none. What Airflow returns of a chosen one is
    understood by :func:`approved_pictures`, and by ``approved`` of
    :class:`~airflow_provider_mps.operators.catalogue.CataloguePublishOperator`. The list is empty where there is
    nothing to ask about.

    :param pictures: see :func:`approval_body`
    :param dag_id: see :func:`approval_body`
    :param run_id: see :func:`approval_body`
    :param base: see :func:`approval_body`
    :param per: ``"page"`` (default): many pictures, to tick off; ``"product"``: the pictures of a product, or of a
        product photo, to choose the best; ``"picture"``
    :param per_page: how many pictures a question has at the most (int), 1 to 50, default 20
    :param title: what headlines begin with (str); default ``dag_id``
    :param sheets: addresses of contact sheets that are shown on top: one for each question, or one for all
    :param none_by_default: add ``defaults`` (bool), default False: with ``response_timeout`` of the operator, nothing
        is approved when the time is over, and the task succeeds
    :raises ValueError: an argument cannot be used
    """
    found = arguments.word("per", per, AskPer)
    size = arguments.integer("per_page", per_page, 1, MAX_PER_PAGE)
    pages = Pages(dag_id, run_id, _base() if base is None else base)
    return questions_of(
        _parts(pictures),
        pages,
        per=found,
        per_page=size,
        title=title or dag_id,
        sheets=sheets,
        none_by_default=none_by_default,
    )


def approved_pictures(pictures: Any, answers: Any) -> Approved:
    """Tell what was approved from what was not.

    An answer that is about none of the pictures, such as one of an earlier round, approves nothing.

    :param pictures: what the questions were written from; see :func:`approval_body`
    :param answers: what ``HITLOperator`` tasks have returned (dict, or a list of them; None of one that was skipped)
    :return: ``(approved, rejected, unanswered)``; what there is a question about has ``"approval": {"approved", "by",
        "at"}``: who has answered (``{"id", "name"}``) and when (ISO 8601, UTC); both None where nobody has, ``by`` None
        where that is the default at the end of ``response_timeout``
    :raises ValueError: an argument cannot be used
    """
    parts = _parts(pictures)
    candidates = list(candidates_of(parts))
    applied = Applied(candidates, decide(candidates, read_answers("answers", answers)).approvals)
    found = Approved([], [], [])
    for index, part in enumerate(parts):
        told, approval = applied.to(index, part), applied.approval(index)
        kind = found.approved if approval.approved else found.rejected if approval.is_rejected else found.unanswered
        kind.append(told)
    return found


def _parts(pictures: Any) -> list[dict[str, Any]]:
    check_no_task("pictures", pictures)
    given = [pictures] if isinstance(pictures, Mapping) else flat_list("pictures", pictures, _EXPECTED)
    for one in given:
        if not isinstance(one, Mapping) or not ("Outputs" in one or "item" in one):
            arguments.fail("pictures", one, _EXPECTED)
    return [dict(one) for one in given]


def _base() -> str:
    return base_path(conf.get("api", "base_url", fallback=None))
