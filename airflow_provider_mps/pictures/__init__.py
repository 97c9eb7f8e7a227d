"""Pictures themselves, whoever made them: what is drawn of them for people."""

from __future__ import annotations

from airflow_provider_mps.pictures.sheets import Cell, ContactSheet, Panel, SheetFormat, contact_sheet

__all__ = ["Cell", "ContactSheet", "Panel", "SheetFormat", "contact_sheet"]
