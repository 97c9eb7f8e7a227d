"""What Airflow reads of this provider: connection type, form, modules."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from airflow_provider_mps import __version__
from airflow_provider_mps.connection_types import connection_types

_INTEGRATION = "Tencent Cloud MPS"
_AIDGE = "Alibaba Aidge"
_COS_ASSETS = [
    {
        "schemes": ["cos"],
        "handler": f"{__package__}.lineage.assets.sanitize_uri",
        "factory": f"{__package__}.lineage.assets.create_asset",
        "to_openlineage_converter": f"{__package__}.lineage.assets.convert_asset_to_openlineage",
    }
]


def get_provider_info() -> dict[str, Any]:
    """Return the provider's description for Airflow."""
    return {
        "package-name": "airflow-provider-mps",
        "name": _INTEGRATION,
        "description": "Product-picture backgrounds with Tencent Cloud MPS, results in COS, and with Alibaba Aidge.",
        "versions": [__version__],
        "integrations": [
            {
                "integration-name": _INTEGRATION,
                "external-doc-url": "https://cloud.tencent.com/document/product/862",
                "tags": ["service"],
            },
            {"integration-name": _AIDGE, "external-doc-url": "https://www.aidge.com", "tags": ["service"]},
        ],
        "operators": _modules(
            "operators",
            *("mps", "mps_batch", "catalogue", "catalogue_plan", "catalogue_publish", "catalogue_report"),
            *("pictures", "picture_check", "picture_label", "contact_sheet", "approval_questions"),
            aidge=("aidge", "aidge_batch"),
        ),
        "sensors": _modules("sensors", "mps"),
        "hooks": _modules("hooks", "mps", "cos"),
        "triggers": _modules("triggers", "mps", "mps_batch", "mps_submit", aidge=("aidge", "aidge_batch")),
        "transfers": _transfers(),
        "extra-links": [
            f"{__package__}.links.{link}"
            for link in (
                "console.MpsConsoleLink",
                "gallery.GalleryLink",
                "gallery.ResultLink",
                "report.CatalogueReportLink",
            )
        ],
        "connection-types": connection_types(),
        "filesystems": [f"{__package__}.fs.cos"],
        # Airflow 2 looks for these under their name of its day.
        "asset-uris": _COS_ASSETS,
        "dataset-uris": _COS_ASSETS,
        # Airflow 3.2 and newer; older ones take no notice of it.
        "cli": [f"{__package__}.cli.airflow_commands.get_cli_commands"],
    }


def _modules(kind: str, *of_tencent_cloud: str, aidge: Sequence[str] = ("aidge",)) -> list[dict[str, Any]]:
    """Return the modules of a kind, by what they belong to."""
    found = {_INTEGRATION: of_tencent_cloud, _AIDGE: aidge}
    return [
        {"integration-name": name, "python-modules": [f"{__package__}.{kind}.{module}" for module in modules]}
        for name, modules in found.items()
    ]


def _transfers() -> list[dict[str, str]]:
    """Return the transfers, by what they carry from."""
    return [
        {
            "source-integration-name": source,
            "target-integration-name": _INTEGRATION,
            "python-module": f"airflow_provider_mps.transfers.{module}",
        }
        for source, module in (
            (_INTEGRATION, "cos_to_local"),
            (_INTEGRATION, "local_to_cos"),
            (_AIDGE, "aidge_to_object_storage"),
        )
    ]
