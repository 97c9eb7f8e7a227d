"""Work on the pictures that services have made: check them, label them, show them on a sheet, ask people about them."""

from __future__ import annotations

from airflow_provider_mps.operators.approval_questions import ApprovalQuestionsOperator
from airflow_provider_mps.operators.contact_sheet import ContactSheetOperator
from airflow_provider_mps.operators.picture_check import PictureCheckOperator
from airflow_provider_mps.operators.picture_label import PictureLabelOperator

__all__ = ["ApprovalQuestionsOperator", "ContactSheetOperator", "PictureCheckOperator", "PictureLabelOperator"]
