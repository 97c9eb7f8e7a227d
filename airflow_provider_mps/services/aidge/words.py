"""The words of Aidge, each defined once.

Sources: the pages "Submit", "Query" and "Scene Recommendation and Query" of "Image Background Generation" in Aidge's
reference (below https://docs.aidc-ai.com/aidge-resource/api-reference/e-commerce-image-editor/), and for the statuses
the vendor's samples (https://github.com/Aidge-AI/aidge-python) and Alibaba Cloud's documents 3038044 and 3038634
(https://help.aliyun.com/zh/document_detail/3038634.html).
"""

from __future__ import annotations

from enum import IntEnum, StrEnum
from typing import Any

from airflow_provider_mps.core import arguments

DEFAULT_AIDGE_CONN_ID = "aidge_default"
AIDGE_CONN_TYPE = "aidge"
GLOBAL_HOST = "api.aidc-ai.com"
CHINA_HOST = "cn-api.aidc-ai.com"
REST_PREFIX = "/rest"
# Where the copies of a batch's pictures go: into the bucket of the connection for COS.
DEFAULT_DEST = "cos:///output/aidge/"

XCOM_AIDGE_TASK_ID = "aidge_task_id"
# The service by the name that people know it by.
AIDGE_NAME = "Aidge"
# What fetching a picture is called in errors: it is no API.
DOWNLOAD = "GetResult"


class AidgeAction(StrEnum):
    """The APIs that this package calls, by their path."""

    GENERATE = "/ai/image/background/generation/scenario"
    QUERY = "/ai/image/background/generation/query"
    SCENES = "/ai/image/background/generation/scene/query"


class AidgeStatus(StrEnum):
    """``taskStatus``, of a task and of each of its results. Those that mean "not yet" are not documented as a whole."""

    SUBMITTED = "submitted"
    WAITING = "waiting"
    QUEUED = "queued"
    PROCESSING = "processing"
    RUNNING = "running"
    IN_PROGRESS = "in_progress"
    FINISHED = "finished"
    COMPLETED = "completed"
    FAILED = "failed"


class SceneType(IntEnum):
    """``sceneType`` of a scene search."""

    INDOOR = 1
    OUTDOOR = 2
    ATMOSPHERE = 3
    PROMOTION = 4


class OnDoubt(StrEnum):
    """What a retry does when it cannot know whether an earlier try has submitted."""

    FAIL = "fail"
    RESUBMIT = "resubmit"


def check_on_doubt(name: str, value: Any) -> OnDoubt:
    """Return the word for what is done in doubt.

    :raises ArgumentError: it is another word
    """
    return arguments.word(name, value, OnDoubt)


class ImageCode(StrEnum):
    """Codes of this package for a picture of a batch: its file cannot be sent, or what was made of it not be copied."""

    NOT_USABLE = "ImageNotUsable"
    NOT_READ = "ImageNotRead"
    NOT_COPIED = "ImageNotCopied"


# The first is asked for where none is given.
SIZES = ((800, 800), (750, 1000))
MIN_IMAGES, MAX_IMAGES, DEFAULT_IMAGES = 2, 10, 4
MIN_CATEGORY, MAX_CATEGORY = 1, 11
MAX_SCENES, DEFAULT_SCENES = 100, 10

PICTURE_FORMATS = ("JPEG", "PNG", "BMP", "WEBP")
MAX_PICTURE_BYTES = 4 * 1024 * 1024
# Each side of a picture is longer than the first and shorter than the second.
MIN_SIDE, MAX_SIDE = 512, 3000
