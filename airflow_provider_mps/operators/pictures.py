"""Work on the pictures that services have made: check them, label them, and show them on one sheet."""

from __future__ import annotations

from airflow_provider_mps.operators.contact_sheet import ContactSheetOperator
from airflow_provider_mps.operators.picture_check import PictureCheckOperator
from airflow_provider_mps.operators.picture_label import PictureLabelOperator

__all__ = ["ContactSheetOperator", "PictureCheckOperator", "PictureLabelOperator"]
