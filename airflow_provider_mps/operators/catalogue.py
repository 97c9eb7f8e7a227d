"""Refresh the pictures of a catalogue: plan what has changed, and publish what was made of it, and report."""

from __future__ import annotations

from airflow_provider_mps.operators.catalogue_plan import CataloguePlanOperator
from airflow_provider_mps.operators.catalogue_publish import CataloguePublishOperator
from airflow_provider_mps.operators.catalogue_report import CatalogueReportOperator

__all__ = ["CataloguePlanOperator", "CataloguePublishOperator", "CatalogueReportOperator"]
