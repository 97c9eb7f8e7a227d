"""The rules of ProcessImage beyond types, and the plain job that a valid request stands for."""

from __future__ import annotations

import json
import re
from dataclasses import dataclass
from pathlib import PurePosixPath
from urllib.parse import unquote, urlsplit

from airflow_provider_mps.local.cos.errors import CosRefusal
from airflow_provider_mps.local.cos.store import ObjectStore
from airflow_provider_mps.local.tencentcloud import several
from airflow_provider_mps.local.tencentcloud.errors import ApiRefusal
from airflow_provider_mps.local.tencentcloud.schemas import AddOn, MediaInputInfo, ProcessImageRequest

BG_FUSION = 30060
BG_FUSION_DIR = "/output/bgfusion/"

_SUFFIXES = {"JPEG": "jpeg", "JPG": "jpg", "PNG": "png", "WEBP": "webp", "HEIF": "heif", "AVIF": "avif"}


@dataclass(frozen=True, slots=True)
class Source:
    """Where an input picture is: a URL, or a bucket, its region and a key without a leading slash."""

    url: str = ""
    bucket: str = ""
    region: str = ""
    key: str = ""

    def __str__(self) -> str:
        return self.url or f"cos://{self.bucket}/{self.key}"


@dataclass(frozen=True, slots=True)
class Job:
    """What a valid ProcessImage request asks for.

    :param fusion: whether the background is to be replaced; otherwise the subject is only encoded anew.
    :param subject: the picture to work on.
    :param background: the picture to put behind it; ``None`` draws one from the prompt.
    :param prompt: all prompts, one per line.
    :param seed: the random seed; ``None`` leaves the choice to the service.
    :param format: ``JPEG``, ``PNG`` or another encoding.
    :param image_size: ``1K``, ``2K`` or ``4K``.
    :param quality: 1-100.
    :param bucket: the bucket for the result.
    :param region: that bucket's region.
    :param path: the absolute path of the result; empty where that is a text alone.
    :param paths: those of all results; several are written over each other where the request names one path.
    :param text: the text that stands before the pictures; empty for none.
    :param assessed: what there is to be a score for, in place of pictures.
    """

    fusion: bool
    subject: Source
    background: Source | None
    prompt: str
    seed: int | None
    format: str
    image_size: str
    quality: int
    bucket: str
    region: str
    path: str
    paths: tuple[str, ...]
    text: str
    assessed: tuple[str, ...] = ()


def to_job(request: ProcessImageRequest, store: ObjectStore) -> Job:
    """Check the rules and say what is asked for.

    :param request: a request whose types are right.
    :param store: knows the buckets for results; inputs are looked for only when the task runs.
    :return: the job.
    :raises ApiError: with the code of the broken rule.
    """
    subject = _source(request.InputInfo, "InputInfo")
    if request.ScheduleId is None and request.ImageTask is None and request.Definition is None:
        raise ApiRefusal("MissingParameter", "One of `ScheduleId`, `ImageTask` and `Definition` is required.")
    fusion = request.ScheduleId == BG_FUSION
    add_on = request.AddOnParameter or AddOn()
    backgrounds = [
        _source(item.Image, f"AddOnParameter.ImageSet.{number}.Image")
        for number, item in enumerate(add_on.ImageSet or [])
    ]
    prompt = "\n".join(item.Prompt.strip() for item in add_on.ExtPrompt or [] if item.Prompt.strip())
    if fusion:
        _check_fusion(add_on, len(backgrounds), prompt)
    bucket, region = _output_bucket(request, subject, store)
    config = add_on.OutputConfig
    format_ = (config and config.Format) or "JPEG"
    encoded = config.Quality if config and config.Quality is not None else 85
    image_task = request.image_task
    quality = request.ImageTask and request.ImageTask.ImageQualityConfig
    path = "" if quality else _output_path(request, subject, _SUFFIXES[format_], fusion)
    count = 0 if quality else several.count_results(request.ScheduleId, image_task)
    paths = [path] * count
    if count > 1 and not request.OutputPath:
        paths = [several.numbered(path, number + 1) for number in range(count)]
    return Job(
        fusion=fusion,
        subject=subject,
        background=backgrounds[0] if backgrounds else None,
        prompt=prompt,
        seed=_seed(request.StdExtInfo) if fusion and request.StdExtInfo is not None else None,
        format=format_,
        image_size=(config and config.ImageSize) or "2K",
        quality=encoded,
        bucket=bucket,
        region=region,
        path=path,
        paths=tuple(paths),
        text=several.text_of(image_task, count),
        assessed=tuple(quality.Attributes) if quality else (),
    )


def _source(info: MediaInputInfo, name: str) -> Source:
    if info.Type == "URL":
        if info.UrlInputInfo is None:
            raise ApiRefusal("MissingParameter", f"The request is missing a required parameter `{name}.UrlInputInfo`.")
        parts = urlsplit(info.UrlInputInfo.Url)
        if parts.scheme not in ("http", "https") or not parts.hostname:
            raise _bad(f"{name}.UrlInputInfo.Url", "It must be an http or https URL.")
        return Source(url=info.UrlInputInfo.Url)
    if info.Type == "COS":
        cos = info.CosInputInfo
        if cos is None:
            raise ApiRefusal("MissingParameter", f"The request is missing a required parameter `{name}.CosInputInfo`.")
        if not cos.Object.startswith("/") or cos.Object == "/":
            raise _bad(f"{name}.CosInputInfo.Object", "It must begin with `/` and name an object.")
        return Source(bucket=cos.Bucket, region=cos.Region, key=cos.Object[1:])
    raise ApiRefusal("UnsupportedOperation", f"`{name}.Type` `{info.Type}` is not supported for this task.")


def _check_fusion(add_on: AddOn, backgrounds: int, prompt: str) -> None:
    if backgrounds > 1:
        raise _bad("AddOnParameter.ImageSet", "At most one background picture is allowed.")
    if not backgrounds and not prompt:
        raise _bad("AddOnParameter.ExtPrompt", "It must not be empty without a background picture.")
    config = add_on.OutputConfig
    if config is None:
        return
    if config.Format not in (None, "JPEG", "PNG"):
        raise _bad("AddOnParameter.OutputConfig.Format", "It must be JPEG or PNG.")
    if config.Quality == 0:
        raise _bad("AddOnParameter.OutputConfig.Quality", "It must be from 1 to 100.")


def _seed(text: str) -> int:
    try:
        value = json.loads(text)
    except ValueError:
        raise _bad("StdExtInfo", "It must be a string that holds JSON.") from None
    config = value.get("ModelConfig") if isinstance(value, dict) else None
    seed = config.get("RandomSeed") if isinstance(config, dict) else None
    if not isinstance(seed, int) or isinstance(seed, bool):
        raise _bad("StdExtInfo", "`ModelConfig.RandomSeed` must be an integer.")
    return seed


def _output_bucket(request: ProcessImageRequest, subject: Source, store: ObjectStore) -> tuple[str, str]:
    storage = request.OutputStorage
    if storage is not None and storage.Type != "COS":
        raise ApiRefusal("UnsupportedOperation", f"`OutputStorage.Type` `{storage.Type}` is not supported.")
    cos = storage.CosOutputStorage if storage else None
    if storage is not None and cos is None:
        raise ApiRefusal(
            "MissingParameter", "The request is missing a required parameter `OutputStorage.CosOutputStorage`."
        )
    # What is left out is taken from the input, which has a bucket only when it is in COS.
    bucket = (cos and cos.Bucket) or subject.bucket
    region = (cos and cos.Region) or subject.region
    if not bucket or not region:
        raise ApiRefusal("MissingParameter", "The request is missing a required parameter `OutputStorage`.")
    try:
        store.check_bucket(bucket, region)
    except CosRefusal:
        raise ApiRefusal(
            "ResourceNotFound.CosBucketNotExist", f"The COS bucket `{bucket}` does not exist in `{region}`."
        ) from None
    return bucket, region


def _output_path(request: ProcessImageRequest, subject: Source, suffix: str, fusion: bool) -> str:
    source_path = PurePosixPath("/" + subject.key if subject.key else unquote(urlsplit(subject.url).path) or "/")
    name = request.OutputPath or "{inputName}.{format}"
    name = name.replace("{inputName}", source_path.stem or "image").replace("{format}", suffix)
    default_dir = BG_FUSION_DIR if fusion else (str(source_path.parent) if subject.key else "/")
    folder = request.OutputDir or default_dir
    if not folder.startswith("/"):
        raise _bad("OutputDir", "It must be an absolute path.")
    path = name if name.startswith("/") else f"{folder.rstrip('/')}/{name}"
    if ".." in path.split("/") or "//" in path or len(path.encode("utf-8", "surrogatepass")) > 512:
        raise _bad("OutputPath", "It must be a plain path of at most 512 bytes.")
    if not re.search(r"[^/]\.[A-Za-z0-9]{1,8}$", path):
        raise _bad("OutputPath", "It must end with a file extension, such as `.{format}`.")
    return path


def _bad(name: str, reason: str) -> ApiRefusal:
    return ApiRefusal("InvalidParameterValue", f"The value of parameter `{name}` is not valid. {reason}")
