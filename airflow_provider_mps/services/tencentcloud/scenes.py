"""Which ProcessImage requests make one picture each, and which several.

Sources: the page of ProcessImage (https://cloud.tencent.com/document/product/862/112896) for ``ScheduleId``, and
``ImageTaskInput`` and the configurations in it of the SDK's models, API version 2019-06-12.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from airflow_provider_mps.services.tencentcloud.words import BG_FUSION_SCHEDULE_ID

# Text erased, picture extended, two cut-outs, restored, inpainted, clothes and model changed, understood (a text).
_ONE_PICTURE = frozenset({30000, 30010, 30030, 30031, 30040, BG_FUSION_SCHEDULE_ID, 30061, 30100, 30110, 30200})
_SEVERAL_PICTURES = ("AiPosterSuiteConfig", "AiStoryboardConfig", "AiDecomposeConfig")


def may_make_several(payload: Mapping[str, Any]) -> bool:
    """Tell whether a request may make several pictures.

    So may a scene or a template that is not known here: one picture fits where several do, and not the other way.

    :param payload: the request body
    """
    if payload.get("Definition") is not None:
        return True
    schedule_id, task = payload.get("ScheduleId"), payload.get("ImageTask")
    # One that is no number is refused by MPS.
    if schedule_id is not None and not (isinstance(schedule_id, int) and schedule_id in _ONE_PICTURE):
        return True
    return isinstance(task, Mapping) and any(_makes_several(name, task.get(name)) for name in _SEVERAL_PICTURES)


def _makes_several(name: str, config: Any) -> bool:
    if not isinstance(config, Mapping) or config.get("Switch") == "OFF":
        return False
    # Of a storyboard one part alone can be asked for.
    return name != "AiStoryboardConfig" or config.get("ProcessIndex") is None
