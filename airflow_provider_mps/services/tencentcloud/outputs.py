"""Name the result of a submission so that it can be recognised, and recognise it.

MPS takes no token from its clients, but it does give back the path that a picture was written to.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import Any
from urllib.parse import unquote, urlsplit

from airflow_provider_mps.core.tasks import TaskState
from airflow_provider_mps.services.tencentcloud.quality import asked_of
from airflow_provider_mps.services.tencentcloud.scenes import may_make_several
from airflow_provider_mps.services.tencentcloud.words import (
    BG_FUSION_SCHEDULE_ID,
    DEFAULT_FORMAT,
    DEFAULT_OUTPUT_DIR,
    EXTENSIONS,
    ImageFormat,
)

MAX_NAME_LENGTH = 64
# Where an input by URL has no folder, and the request names none.
FOLDER_OF_URLS = "/output"

_NOT_PLAIN = re.compile(r"[^\w.-]+")
_VARIABLE = re.compile(r"(\{\w+\})")


def input_path(payload: Mapping[str, Any]) -> str:
    """Return the path of the subject picture inside its bucket or host; empty for inputs of another kind."""
    info = payload.get("InputInfo")
    url, cos = (info.get("UrlInputInfo"), info.get("CosInputInfo")) if isinstance(info, Mapping) else (None, None)
    if isinstance(url, Mapping):
        try:
            return unquote(urlsplit(str(url.get("Url") or "")).path)
        except ValueError:
            return ""
    return str(cos.get("Object") or "") if isinstance(cos, Mapping) else ""


def unique_output(payload: Mapping[str, Any], token: str) -> dict[str, str]:
    """Return the fields of a request that make its output one that nobody else asks for.

    For background fusion that is the whole path, ``{output_dir}/{input name}-{token}.{ext}``. What other schedules
    write is not known here, so MPS fills in their name and extension
    (variables: https://cloud.tencent.com/document/product/862/37039). Several pictures under one path would be written
    over each other, so they get a folder of their own, ``{output_dir}/{input name}-{token}/``, and the names that MPS
    gives them. Scores of a picture are a text, which has no path.
    """
    if asked_of(payload):
        return {}
    name = _NOT_PLAIN.sub("_", PurePosixPath(input_path(payload)).stem)[:MAX_NAME_LENGTH].strip(".") or "image"
    if payload.get("ScheduleId") == BG_FUSION_SCHEDULE_ID:
        folder = str(payload.get("OutputDir") or DEFAULT_OUTPUT_DIR).rstrip("/")
        return {"OutputPath": f"{folder}/{name}-{token}{_extensions(payload)[0]}"}
    if may_make_several(payload):
        return {"OutputDir": f"{_folder(payload)}/{name}-{token}/"}
    return {"OutputPath": f"{{inputName}}-{token}.{{format}}"}


@dataclass(frozen=True)
class ExpectedOutput:
    """How the result of a submission is recognised.

    :param bucket: the bucket it goes to; empty where the request leaves that to MPS
    :param pattern: what its whole path looks like
    :param is_unique: whether no other submission can have asked for it
    :param asked: what it was asked, where there is no path to tell; else empty
    """

    bucket: str
    pattern: str
    is_unique: bool
    asked: str = ""

    def is_of(self, state: TaskState) -> bool:
        """Tell whether a task has the result of this submission."""
        if state.result is None:
            return False
        return state.asked == self.asked if self.asked else self.matches(state.result)

    def matches(self, result: Mapping[str, Any]) -> bool:
        """Tell whether a result, as it goes into XCom, is the one of this submission."""
        return any(
            (not self.bucket or not output["bucket"] or output["bucket"] == self.bucket)
            and re.fullmatch(self.pattern, output["path"]) is not None
            for output in result["Outputs"]
        )


def expected_output(payload: Mapping[str, Any], token: str | None) -> ExpectedOutput:
    """Say how the result of a request is recognised.

    Scores have no path. Whoever asked for them, they are those of the same picture, so the task of any such request
    will do that began when this one did.

    :param payload: the request body
    :param token: pattern of the token of :func:`unique_output`; None for a path that the user gave
    """
    if asked := asked_of(payload):
        return ExpectedOutput("", "", False, asked)
    storage = payload.get("OutputStorage")
    cos = storage.get("CosOutputStorage") if isinstance(storage, Mapping) else None
    bucket = str(cos.get("Bucket") or "") if isinstance(cos, Mapping) else ""
    if token is not None:
        # Any extension, or any name in the folder: MPS has the last word on it, and the token is enough.
        return ExpectedOutput(bucket, rf"(?:.*/)?[^/]*-{token}(?:\.[^/]+|/.+)", True)
    given = str(payload.get("OutputPath") or "")
    folder = str(payload.get("OutputDir") or "")
    prefix = ""
    if not given.startswith("/"):
        prefix = re.escape(f"/{folder.strip('/')}/".replace("//", "/")) if folder else r"(?:.*/)?"
    parts = [
        re.escape(part) if index % 2 == 0 else _any(part, payload) for index, part in enumerate(_VARIABLE.split(given))
    ]
    return ExpectedOutput(bucket, prefix + "".join(parts), False)


def _folder(payload: Mapping[str, Any]) -> str:
    """Return the folder that the results of a request go to: as asked for, or that of an input in COS."""
    info, folder = payload.get("InputInfo"), str(payload.get("OutputDir") or "")
    if not folder and isinstance(info, Mapping) and isinstance(info.get("CosInputInfo"), Mapping):
        folder = str(PurePosixPath(input_path(payload)).parent)
    return (folder or FOLDER_OF_URLS).rstrip("/")


def _any(variable: str, payload: Mapping[str, Any]) -> str:
    """Return the pattern of what MPS may put in place of a variable."""
    if variable == "{format}" and payload.get("ScheduleId") == BG_FUSION_SCHEDULE_ID:
        return "|".join(extension.removeprefix(".") for extension in _extensions(payload)).join(("(?:", ")"))
    return r"[^/]*"


def _extensions(payload: Mapping[str, Any]) -> tuple[str, ...]:
    add_on = payload.get("AddOnParameter")
    config = add_on.get("OutputConfig") if isinstance(add_on, Mapping) else None
    wanted = config.get("Format") if isinstance(config, Mapping) else None
    return EXTENSIONS[ImageFormat(wanted) if wanted in list(ImageFormat) else DEFAULT_FORMAT]
