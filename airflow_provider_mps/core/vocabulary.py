"""The words of the services, each defined once.

Sources: ProcessImage (https://cloud.tencent.com/document/product/862/112896), DescribeImageTaskDetail
(https://cloud.tencent.com/document/api/862/118509) and DescribeImageTasks (``ImageTaskInfo`` of the SDK's models), API
version 2019-06-12.
"""

from __future__ import annotations

from enum import StrEnum


class Service(StrEnum):
    """The services by the name that people know them by."""

    MPS = "MPS"
    STS = "STS"
    COS = "COS"
    AIDGE = "Aidge"


MPS_SERVICE = "mps"
MPS_API_VERSION = "2019-06-12"

DEFAULT_CONN_ID = "tencentcloud_default"
CONN_TYPE = "tencentcloud"
DEFAULT_REGION = "ap-guangzhou"

XCOM_TASK_ID = "mps_task_id"
# What Airflow itself keeps the return value of a task under.
XCOM_RETURN_KEY = "return_value"


class Action(StrEnum):
    """The API actions that this package calls."""

    PROCESS_IMAGE = "ProcessImage"
    DESCRIBE_IMAGE_TASK_DETAIL = "DescribeImageTaskDetail"
    DESCRIBE_IMAGE_TASKS = "DescribeImageTasks"


class TaskStatus(StrEnum):
    """``Status`` of DescribeImageTaskDetail. The API may also answer null, which means "not yet".

    DescribeImageTasks knows PROCESSING and FINISH only.
    """

    WAITING = "WAITING"
    PROCESSING = "PROCESSING"
    FINISH = "FINISH"


class ResultStatus(StrEnum):
    """``Status`` of an entry of ``ImageProcessTaskResultSet``."""

    PROCESSING = "PROCESSING"
    SUCCESS = "SUCCESS"
    FAIL = "FAIL"


# Words for the same things that the documents do not name, in whatever case.
ENDED_WELL = frozenset({"FINISH", "FINISHED", "SUCCESS", "SUCCEED", "SUCCEEDED", "DONE", "COMPLETE", "COMPLETED"})
ENDED_BADLY = frozenset(
    {"FAIL", "FAILED", "FAILURE", "ERROR", "ABORT", "ABORTED", "CANCEL", "CANCELED", "CANCELLED", "REJECTED", "TIMEOUT"}
)
# What other tasks of MPS say in the place of an error, beside the code 0, when there is none.
SAYS_NO_ERROR = ENDED_WELL | {"OK"}
STILL_RUNS = frozenset({"WAITING", "PROCESSING", "RUNNING", "PENDING", "QUEUED"})


class ImageFormat(StrEnum):
    """``AddOnParameter.OutputConfig.Format``."""

    JPEG = "JPEG"
    PNG = "PNG"


class ImageSize(StrEnum):
    """``AddOnParameter.OutputConfig.ImageSize``."""

    K1 = "1K"
    K2 = "2K"
    K4 = "4K"


class LimitKind(StrEnum):
    """Which argument of the task bounds its waiting."""

    TIMEOUT = "timeout"
    EXECUTION_TIMEOUT = "execution_timeout"


class EventStatus(StrEnum):
    """What the trigger reports: a closed set, so that a missing or unknown word fails loudly."""

    SUCCESS = "success"
    FAILED = "failed"
    TIMEOUT = "timeout"
    ERROR = "error"


BG_FUSION_SCHEDULE_ID = 30060
DEFAULT_OUTPUT_DIR = "/output/bgfusion/"
DEFAULT_RECORD_DIR = "/airflow-mps/"
DEFAULT_FORMAT = ImageFormat.JPEG
DEFAULT_IMAGE_SIZE = ImageSize.K2
DEFAULT_QUALITY = 85
DEFAULT_POLL_INTERVAL = 10.0
DEFAULT_TIMEOUT = 600.0
# Kept open by a client whose threads share it, so more threads would wait for each other.
MAX_CONNECTIONS = 32

EXTENSIONS: dict[ImageFormat, tuple[str, ...]] = {
    ImageFormat.JPEG: (".jpeg", ".jpg"),
    ImageFormat.PNG: (".png",),
}
