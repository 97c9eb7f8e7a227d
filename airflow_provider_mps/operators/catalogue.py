"""Refresh the pictures of a catalogue."""

from __future__ import annotations

from airflow_provider_mps.operators.catalogue_publish import CataloguePublishOperator
from airflow_provider_mps.operators.catalogue_report import CatalogueReportOperator

__all__ = ["CataloguePublishOperator", "CatalogueReportOperator"]
