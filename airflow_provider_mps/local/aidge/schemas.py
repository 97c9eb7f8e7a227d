"""The request bodies of Aidge's APIs, field by field, and how a body that does not fit is refused."""

from __future__ import annotations

from typing import Any, TypeVar

from pydantic import BaseModel, ConfigDict, ValidationError
from pydantic_core import ErrorDetails

from airflow_provider_mps.local.aidge.errors import AidgeRefusal
from airflow_provider_mps.local.serving.texts import unreadable


class _AidgeBody(BaseModel):
    # The wire carries values as strings, and a number where a string belongs is a mistake of the client.
    model_config = ConfigDict(extra="forbid", strict=True)


class SubmitRequest(_AidgeBody):
    """The body of a submission; ``requestParams`` is JSON again."""

    requestParams: str


class SubmitElement(_AidgeBody):
    """What ``requestParams`` holds one of."""

    imageFileUrl: str | None = None
    imgBase64: str | None = None
    modelNum: str
    needLayout: str | None = None
    productTitle: str | None = None
    width: str | None = None
    height: str | None = None
    imageNum: str | None = None


class QueryRequest(_AidgeBody):
    """The body of a query."""

    taskId: str


class SceneRequest(_AidgeBody):
    """The body of a scene search."""

    productTitle: str | None = None
    imageUrl: str | None = None
    categoryType: str | int | None = None
    sceneType: str | int | None = None
    count: str | int | None = None


ModelT = TypeVar("ModelT", bound=BaseModel)


def parse(model: type[ModelT], body: Any) -> ModelT:
    """Read a request body, or the element inside of one.

    :param model: what the API takes.
    :param body: the JSON value that came.
    :return: the body as ``model``.
    :raises AidgeError: 700, naming the field; of several faults an unknown field first, then one that is not there.
    """
    try:
        request = model.model_validate(body)
    except ValidationError as error:
        refusals = sorted(map(_refusal, error.errors()), key=lambda refusal: refusal[0])
        raise invalid(*refusals[0][1:]) from None
    if (field := unreadable(body)) is not None:
        raise invalid(field, "has to be Unicode")
    return request


def invalid(field: str, reason: str) -> AidgeRefusal:
    """Make the refusal of a field.

    :param field: its name.
    :param reason: what it has to be, as the end of a sentence.
    """
    return AidgeRefusal("700", f"invalid input: {field} {reason}")


def _refusal(detail: ErrorDetails) -> tuple[int, str, str]:
    # Of a union each member has an error of its own, with its type after the name of the field.
    name, kind = str(detail["loc"][0]) if detail["loc"] else "the body", detail["type"]
    if kind == "extra_forbidden":
        return 0, name, "is not known"
    if kind == "missing" or (detail["input"] is None and kind.endswith("_type")):
        return 1, name, "is required"
    if name == "the body":
        return 2, name, "has to be a JSON object"
    return 2, name, "has to be a string or a number" if len(detail["loc"]) > 1 else "has to be a string"
