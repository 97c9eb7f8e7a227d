"""Nothing is published before somebody has said yes: pictures, a question, and what was rejected once more.

``make`` has a picture made of each product, ``sheet`` puts them on one, ``questions`` writes what ``ask`` asks: the
sheet, a table with before and after, and what can be chosen. What nobody has chosen goes into the next round with
another seed, twice at the most. ``publish`` labels what was approved, and stores it under ``dest``; each result says
who has approved it, and when.

Questions wait under *Required Actions* of the run. Needs Airflow 3.1, and the connection ``tencentcloud_default`` with
a ``cos_bucket`` that holds the pictures named by the params.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any

from airflow.providers.common.compat.sdk import DAG, Param, task

from airflow_provider_mps.compat import ASKS_PEOPLE
from airflow_provider_mps.gallery import approved_pictures
from airflow_provider_mps.operators.mps import MpsImageBgFusionBatchOperator
from airflow_provider_mps.operators.pictures import (
    ApprovalQuestionsOperator,
    ContactSheetOperator,
    PictureLabelOperator,
)

ROUNDS = 3
# On a contact sheet, and so in a question.
PER_PAGE = 20


@task
def first_round(params: dict[str, Any] | None = None) -> list[dict[str, Any]]:
    """Return the arguments of each picture; a query of your catalogue would stand here."""
    given = params or {}
    look = {"bg_cos_key": given["bg_cos_key"], "random_seed": given["seed"]}
    return [{"key": product, "subject_cos_key": product, **look} for product in given["products"]]


@task
def once_more(requests: Any, pictures: Any, answers: Any) -> list[dict[str, Any]]:
    """Return the requests of what a person has not chosen, each with the next seed."""
    rejected = {entry["key"] for entry in approved_pictures(pictures, answers).rejected}
    return [{**one, "random_seed": one["random_seed"] + 1} for one in requests if one["key"] in rejected]


# Also where everything was approved at once, so that there were no more rounds.
@task(trigger_rule="none_failed")
def approved(rounds: list[Any]) -> list[dict[str, Any]]:
    """Return what was approved in any round."""
    return [
        picture
        for pictures, answers in rounds
        if pictures is not None
        for picture in approved_pictures(pictures, answers).approved
    ]


def review() -> DAG:
    """Return the DAG."""
    from airflow.providers.standard.operators.hitl import HITLOperator

    with DAG(
        dag_id="mps_bg_fusion_review",
        description="Products on a background -> a question about each page -> what was rejected once more -> the shop",
        schedule=None,
        start_date=datetime(2026, 1, 1),
        catchup=False,
        default_args={"retries": 3, "retry_delay": timedelta(minutes=1)},
        params={
            "products": Param(
                ["/samples/coffee.png", "/samples/vase.png", "/samples/bottle.png"],
                type="array",
                items={"type": "string"},
                title="Product photos",
                description="Keys of objects in the bucket of the connection, one a line",
            ),
            "bg_cos_key": Param(
                "/samples/brick.png",
                type="string",
                title="Background",
                description="Key of an object in the bucket of the connection",
            ),
            "seed": Param(
                1, type="integer", minimum=0, title="Seed", description="Of the first round; the next has the next"
            ),
            "per": Param(
                "page", enum=["page", "picture"], title="Ask about", description="A page of pictures, or each picture"
            ),
            "dest": Param(
                "/approved/",
                type="string",
                title="Folder",
                description="Folder for what was approved, in the bucket of the connection",
            ),
        },
        tags=["mps", "example"],
        doc_md=__doc__,
    ) as dag:
        requests, rounds = first_round(), []
        for number in range(1, ROUNDS + 1):
            make = MpsImageBgFusionBatchOperator(
                task_id=f"make_{number}",
                requests=requests,
                defaults={"image_size": "1K", "output_dir": "/review/"},
                on_empty="skip",
                poll_interval=5,
            )
            sheet = ContactSheetOperator(
                task_id=f"sheet_{number}",
                pictures=make.output,
                dest="cos:///review/sheets/",
                per_sheet=PER_PAGE,
            )
            questions = ApprovalQuestionsOperator(
                task_id=f"questions_{number}",
                pictures=make.output,
                sheets=sheet.output,
                per_page=PER_PAGE,
                per="{{ params.per }}",
                title=f"Round {number} of {ROUNDS}",
            )
            ask = HITLOperator.partial(task_id=f"ask_{number}").expand_kwargs(questions.output)
            rounds.append([make.output, ask.output])
            if number < ROUNDS:
                next_round = once_more.override(task_id=f"round_{number + 1}")
                requests = next_round(requests, make.output, ask.output)
        PictureLabelOperator(task_id="publish", pictures=approved(rounds), dest="{{ params.dest }}")
    return dag


# Airflow asks people from 3.1 on; an older one has no DAG in this file.
if ASKS_PEOPLE:
    dag = review()
