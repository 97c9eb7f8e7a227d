"""Labels that say in a picture that a model has made it, as GB 45438-2025 and the EU AI Act ask.

Metadata is written without decoding the picture; a mark to be seen and a signature are made where they are asked for.
"""

from __future__ import annotations

from airflow_provider_mps.pictures.labels.aigc import AI_SOURCE_TYPES, COMPOSITE, Label, LabelError
from airflow_provider_mps.pictures.labels.metadata import check_label, label, read_label
from airflow_provider_mps.pictures.labels.signature import SigningError, sign
from airflow_provider_mps.pictures.labels.visible import Corner, mark

__all__ = [
    "AI_SOURCE_TYPES",
    "COMPOSITE",
    "Corner",
    "Label",
    "LabelError",
    "SigningError",
    "check_label",
    "label",
    "mark",
    "read_label",
    "sign",
]
