"""The request bodies of the actions, field by field, and how a body that does not fit is refused."""

from __future__ import annotations

from typing import Any, Literal, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic_core import ErrorDetails

from airflow_provider_mps.local.serving.texts import unreadable
from airflow_provider_mps.local.tencentcloud.errors import ApiRefusal


class _ApiBody(BaseModel):
    # The services convert nothing: a number in quotes is a wrong type.
    model_config = ConfigDict(extra="forbid", strict=True)


class CosInput(_ApiBody):
    """An object in COS."""

    Bucket: str
    Region: str
    Object: str


class UrlInput(_ApiBody):
    """A picture at a URL."""

    Url: str


class S3Input(_ApiBody):
    """An object in AWS S3."""

    S3Bucket: str
    S3Region: str
    S3Object: str
    S3SecretId: str | None = None
    S3SecretKey: str | None = None


class VodInput(_ApiBody):
    """A file in VOD."""

    Bucket: str | None = None
    Region: str | None = None
    Object: str | None = None
    SubAppId: int | None = None
    VodBasic: int | None = None
    FileId: str | None = None


class MediaInputInfo(_ApiBody):
    """Where a picture comes from."""

    Type: Literal["COS", "URL", "AWS-S3", "VOD"]
    CosInputInfo: CosInput | None = None
    UrlInputInfo: UrlInput | None = None
    S3InputInfo: S3Input | None = None
    VODInputInfo: VodInput | None = None


class CosOutput(_ApiBody):
    """A bucket for results."""

    Bucket: str | None = None
    Region: str | None = None


class S3Output(_ApiBody):
    """An AWS S3 bucket for results."""

    S3Bucket: str
    S3Region: str
    S3SecretId: str | None = None
    S3SecretKey: str | None = None


class VodOutput(_ApiBody):
    """A VOD application for results."""

    Bucket: str | None = None
    Region: str | None = None
    SubAppId: int | None = None
    VodBasic: int | None = None


class TaskOutputStorage(_ApiBody):
    """Where the result goes."""

    Type: Literal["COS", "AWS-S3", "VOD"]
    CosOutputStorage: CosOutput | None = None
    S3OutputStorage: S3Output | None = None
    VODOutputStorage: VodOutput | None = None


class AddOnImageInput(_ApiBody):
    """A further picture, such as the background."""

    Type: str | None = None
    Image: MediaInputInfo


class ImageProcessPrompt(_ApiBody):
    """Words about the wanted picture."""

    Prompt: str
    Role: str | None = None


class ImageProcessOutputConfig(_ApiBody):
    """The shape of the result."""

    AspectRatio: str | None = None
    ImageHeight: int | None = None
    ImageWidth: int | None = None
    ImageSize: Literal["1K", "2K", "4K"] | None = None
    Format: Literal["JPEG", "PNG", "JPG", "WEBP", "HEIF", "AVIF"] | None = None
    Quality: int | None = Field(default=None, ge=0, le=100)


class AddOn(_ApiBody):
    """The parameters of an orchestration."""

    ImageSet: list[AddOnImageInput] | None = None
    OutputConfig: ImageProcessOutputConfig | None = None
    ExtPrompt: list[ImageProcessPrompt] | None = None


class ImageQuality(_ApiBody):
    """What there is to be a score for."""

    Attributes: list[Literal["Brightness", "Contrast", "Sharpness", "IQA"]] = Field(min_length=1)


class ImageTaskInput(_ApiBody):
    """A task that is no orchestration. Of most the local service knows the names alone, and takes what is in them."""

    model_config = ConfigDict(extra="allow", strict=True)

    ImageQualityConfig: ImageQuality | None = None


class ProcessImageRequest(_ApiBody):
    """The body of ProcessImage."""

    InputInfo: MediaInputInfo
    OutputStorage: TaskOutputStorage | None = None
    OutputDir: str | None = None
    OutputPath: str | None = None
    Definition: int | None = None
    ResourceId: str | None = None
    ImageTask: ImageTaskInput | None = None
    ScheduleId: int | None = None
    AddOnParameter: AddOn | None = None
    StdExtInfo: str | None = None

    @property
    def image_task(self) -> dict[str, Any] | None:
        """``ImageTask`` as it came."""
        return None if self.ImageTask is None else self.ImageTask.model_dump(exclude_unset=True)


class DescribeImageTaskDetailRequest(_ApiBody):
    """The body of DescribeImageTaskDetail."""

    TaskId: str


class DescribeImageTasksRequest(_ApiBody):
    """The body of DescribeImageTasks."""

    Status: Literal["FINISH", "PROCESSING"]
    Limit: int | None = Field(default=None, ge=1, le=100)
    ScrollToken: str | None = None
    StartTime: str | None = None
    EndTime: str | None = None
    SubTaskHasFailed: bool | None = None


class AssumeRoleRequest(_ApiBody):
    """The body of STS AssumeRole."""

    RoleArn: str
    RoleSessionName: str = Field(min_length=2, max_length=128, pattern=r"^[\w+=,.@-]+$")
    DurationSeconds: int | None = Field(default=None, ge=1, le=43200)
    Policy: str | None = None
    ExternalId: str | None = None
    Tags: list[dict[str, str]] | None = None
    SourceIdentity: str | None = None


ModelT = TypeVar("ModelT", bound=BaseModel)


def parse(model: type[ModelT], body: dict[str, Any]) -> ModelT:
    """Read a request body.

    :param model: what the action takes.
    :param body: the JSON object that came.
    :return: the body as ``model``.
    :raises ApiError: UnknownParameter, MissingParameter, InvalidParameter (a wrong type) or InvalidParameterValue,
        naming the field by its dotted path; of several faults the first in this order.
    """
    try:
        request = model.model_validate(body)
    except ValidationError as error:
        refusals = sorted((_refusal(detail) for detail in error.errors()), key=lambda pair: pair[0])
        raise refusals[0][1] from None
    if (path := unreadable(body)) is not None:
        raise ApiRefusal("InvalidParameterValue", f"The value of parameter `{path}` is not valid. It is not Unicode.")
    return request


def _refusal(detail: ErrorDetails) -> tuple[int, ApiRefusal]:
    path = ".".join(str(part) for part in detail["loc"])
    kind = detail["type"]
    if kind == "extra_forbidden":
        return 0, ApiRefusal("UnknownParameter", f"The parameter `{path}` is not recognized.")
    # A null stands for an absent field.
    if kind == "missing" or (detail["input"] is None and kind.endswith("_type")):
        return 1, ApiRefusal("MissingParameter", f"The request is missing a required parameter `{path}`.")
    if kind.endswith("_type"):
        return 2, ApiRefusal("InvalidParameter", f"The value type of parameter `{path}` is not valid. {detail['msg']}.")
    return 3, ApiRefusal("InvalidParameterValue", f"The value of parameter `{path}` is not valid. {detail['msg']}.")
