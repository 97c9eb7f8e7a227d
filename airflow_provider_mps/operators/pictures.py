"""Work on the pictures that services have made, before others see them: check them, label them."""

from __future__ import annotations

from airflow_provider_mps.operators.picture_check import PictureCheckOperator
from airflow_provider_mps.operators.picture_label import PictureLabelOperator

__all__ = ["PictureCheckOperator", "PictureLabelOperator"]
