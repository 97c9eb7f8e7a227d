"""The check of a picture before it is published: that it is whole, as asked, and that the product is still itself."""

from __future__ import annotations

from airflow_provider_mps.pictures.check.asked import Asked
from airflow_provider_mps.pictures.check.bounds import Bounds
from airflow_provider_mps.pictures.check.check import check_picture
from airflow_provider_mps.pictures.check.findings import Checked, Code, Finding, Place, Verdict
from airflow_provider_mps.pictures.check.prints import duplicates

__all__ = ["Asked", "Bounds", "Checked", "Code", "Finding", "Place", "Verdict", "check_picture", "duplicates"]
