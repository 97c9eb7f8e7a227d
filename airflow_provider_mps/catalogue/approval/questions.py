"""Questions about pictures, as ``HITLOperator`` asks them: what is shown, and what can be chosen. Pure."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from airflow_provider_mps.catalogue.approval import markdown
from airflow_provider_mps.catalogue.approval.candidates import Candidate, candidates_of, entry_of, pages_of
from airflow_provider_mps.catalogue.approval.options import Options, Words
from airflow_provider_mps.catalogue.shown import Place, mapping, place_of, place_of_output, prompt_of, subject_of
from airflow_provider_mps.catalogue.words import AskPer
from airflow_provider_mps.core.gallery_paths import Size, gallery_path, picture_path
from airflow_provider_mps.core.progress import counted
from airflow_provider_mps.core.texts import clean

_FINDINGS = 3
# Of the title and of what a question is about, in its headline.
_LONGEST_TITLE = 120


@dataclass(frozen=True)
class Pages:
    """The pages of Airflow that show pictures of a run.

    :param dag_id: its DAG
    :param run_id: its id
    :param base: path that Airflow's pages are beneath
    """

    dag_id: str
    run_id: str
    base: str = ""

    def shown(self, alt: str, place: Place | str, size: Size) -> str:
        """Return a picture that leads to its full size."""
        small, full = (
            picture_path(self.dag_id, self.run_id, str(place), one, base=self.base) for one in (size, Size.FULL)
        )
        return markdown.link(markdown.picture(alt, small), full)

    @property
    def gallery(self) -> str:
        """The path of the page with all pictures of the run."""
        return gallery_path(self.dag_id, self.run_id, base=self.base)


def questions_of(
    parts: Sequence[Mapping[str, Any]],
    pages: Pages,
    *,
    per: AskPer,
    per_page: int,
    title: str,
    sheets: Sequence[str] = (),
    none_by_default: bool = False,
) -> list[dict[str, Any]]:
    """Return the arguments of a question each; none where there is no picture to ask about.

    :param parts: lines of a catalogue, entries of a batch, or results
    :param pages: where the pictures are shown
    :param per: what there is a question for
    :param per_page: how many pictures a question may have
    :param title: what the headlines begin with
    :param sheets: addresses of contact sheets: one for each question, or one for all
    :param none_by_default: whether none is what is taken when nobody has answered in time
    """
    candidates = list(candidates_of(parts))
    options, found = Options(candidates), pages_of(candidates, per, per_page)
    questions = []
    for place, numbers in enumerate(found):
        shown = [candidates[number - 1] for number in numbers]
        sheet = sheets[place] if len(sheets) == len(found) else sheets[0] if len(sheets) == 1 else None
        offered = options.write(numbers, offers_all=per is AskPer.PAGE and len(numbers) > 1)
        question: dict[str, Any] = {
            "subject": _headline(title, per, shown, place, len(found)),
            "body": body_of(parts, numbers, shown, pages, len(candidates), sheet),
            "options": offered,
            "multiple": per is AskPer.PAGE and len(numbers) > 1,
        }
        if none_by_default:
            question["defaults"] = offered[-1:]
        questions.append(question)
    return questions


def body_of(
    parts: Sequence[Mapping[str, Any]],
    numbers: Sequence[int],
    shown: Sequence[Candidate],
    pages: Pages,
    total: int,
    sheet: str | None = None,
) -> str:
    """Return the Markdown of a question.

    :param parts: see :func:`questions_of`
    :param numbers: of the pictures that it is about, from 1
    :param shown: these pictures
    :param pages: where they are shown
    :param total: how many pictures there are in all
    :param sheet: address of a contact sheet that is shown on top
    """
    lines = [pages.shown("contact sheet", sheet, Size.PAGE), ""] if sheet else []
    of_all = "" if len(shown) == total else f" of {total:,}"
    lines += [
        f"{counted(len(shown), 'picture')}{of_all}. {markdown.link('All pictures of the run', pages.gallery)}",
        "",
    ]
    size = Size.PAGE if len(shown) == 1 else Size.THUMB
    rows = [_row(parts[one.part], one, number, pages, size) for number, one in zip(numbers, shown, strict=True)]
    has_before = any(row[3] for row in rows)
    columns = ["no.", "product", "subject", *(["published before"] if has_before else []), "after", "check"]
    lines += markdown.table(columns, (row if has_before else [*row[:3], *row[4:]] for row in rows))
    if len(shown) > 1:
        lines += ["", f"“{Words.NONE}” counts where no picture is chosen by its name."]
    return "\n".join(lines)


def _headline(title: str, per: AskPer, shown: Sequence[Candidate], place: int, count: int) -> str:
    title = clean(title, _LONGEST_TITLE)
    if len(shown) == 1:
        asked = f"may {clean(shown[0].name, _LONGEST_TITLE)} be published?"
    elif per is AskPer.PRODUCT:
        asked = f"which picture of {clean(shown[0].group, _LONGEST_TITLE)} is to be published?"
    else:
        asked = "which pictures may be published?"
    page = f" ({place + 1:,} of {count:,})" if count > 1 else ""
    # A headline is rendered by Jinja where it is given as a text.
    return f"{title}: {asked}{page}".translate({ord("{"): "(", ord("}"): ")"})


def _row(part: Mapping[str, Any], one: Candidate, number: int, pages: Pages, size: Size) -> list[str]:
    entry, request = entry_of(part), mapping(part.get("request"))
    subject, elsewhere = subject_of(request)
    if subject is None and not elsewhere:
        subject = place_of(part.get("subject"))
        elsewhere = "" if subject else clean(part.get("subject"))
    before, after = place_of(part.get("was")), place_of_output(entry["Outputs"][one.output])
    prompt = prompt_of(request.get("prompt") or request.get("product_title"))
    return [
        str(number),
        f"**{markdown.text(one.name)}**" + (f": {markdown.text(prompt, 120)}" if prompt else ""),
        pages.shown(f"{one.name}, subject", subject, size) if subject else markdown.text(elsewhere, 120) or "–",
        pages.shown(f"{one.name}, before", before, size) if before else "",
        pages.shown(f"{one.name}, after", after, size) if after else "–",
        _told(part.get("check")),
    ]


def _told(check: Any) -> str:
    """Return what a check has found out, in short."""
    if not isinstance(check, Mapping):
        return "not checked"
    findings = check.get("findings")
    told = list(_findings(findings if isinstance(findings, list) else []))
    more = f"; and {len(told) - _FINDINGS:,} more" if len(told) > _FINDINGS else ""
    return markdown.text(check.get("verdict"), 40) + (f": {'; '.join(told[:_FINDINGS])}{more}" if told else "")


def _findings(findings: Sequence[Any]) -> Iterator[str]:
    for one in findings:
        if isinstance(one, Mapping) and one.get("words"):
            yield f"{markdown.text(one.get('code'), 40)} {markdown.text(one['words'], 160)}"
