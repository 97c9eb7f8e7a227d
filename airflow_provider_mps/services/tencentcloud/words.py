"""The words of Tencent Cloud, each defined once.

Sources: ProcessImage (https://cloud.tencent.com/document/product/862/112896), DescribeImageTaskDetail
(https://cloud.tencent.com/document/api/862/118509) and DescribeImageTasks (``ImageTaskInfo`` of the SDK's models), API
version 2019-06-12.
"""

from __future__ import annotations

from enum import StrEnum

from airflow_provider_mps.core.vocabulary import ENDED_WELL


class Service(StrEnum):
    """The services of Tencent Cloud by the name that people know them by."""

    MPS = "MPS"
    STS = "STS"
    COS = "COS"
    CREDENTIALS = "Tencent Cloud"
    """Where keys are looked for: no service was asked."""


MPS_SERVICE = "mps"
MPS_API_VERSION = "2019-06-12"

DEFAULT_CONN_ID = "tencentcloud_default"
CONN_TYPE = "tencentcloud"
DEFAULT_REGION = "ap-guangzhou"

XCOM_TASK_ID = "mps_task_id"


class Action(StrEnum):
    """The API actions that this package calls."""

    PROCESS_IMAGE = "ProcessImage"
    DESCRIBE_IMAGE_TASK_DETAIL = "DescribeImageTaskDetail"
    DESCRIBE_IMAGE_TASKS = "DescribeImageTasks"


class ResultStatus(StrEnum):
    """``Status`` of an entry of ``ImageProcessTaskResultSet``."""

    PROCESSING = "PROCESSING"
    SUCCESS = "SUCCESS"
    FAIL = "FAIL"


# What other tasks of MPS say in the place of an error, beside the code 0, when there is none.
SAYS_NO_ERROR = ENDED_WELL | {"OK"}


class ImageFormat(StrEnum):
    """``AddOnParameter.OutputConfig.Format``."""

    JPEG = "JPEG"
    PNG = "PNG"


class ImageSize(StrEnum):
    """``AddOnParameter.OutputConfig.ImageSize``."""

    K1 = "1K"
    K2 = "2K"
    K4 = "4K"


class QualityAttribute(StrEnum):
    """``ImageTask.ImageQualityConfig.Attributes``: what the service gives a score for."""

    BRIGHTNESS = "Brightness"
    CONTRAST = "Contrast"
    SHARPNESS = "Sharpness"
    IQA = "IQA"
    """The quality as a whole."""


BG_FUSION_SCHEDULE_ID = 30060
DEFAULT_OUTPUT_DIR = "/output/bgfusion/"
DEFAULT_RECORD_DIR = "/airflow-mps/"
DEFAULT_BUDGET_DIR = "/airflow-mps/budget/"
DEFAULT_FORMAT = ImageFormat.JPEG
DEFAULT_IMAGE_SIZE = ImageSize.K2
DEFAULT_QUALITY = 85

EXTENSIONS: dict[ImageFormat, tuple[str, ...]] = {
    ImageFormat.JPEG: (".jpeg", ".jpg"),
    ImageFormat.PNG: (".png",),
}
