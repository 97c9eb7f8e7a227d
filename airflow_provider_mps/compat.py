"""What depends on the version of Airflow, and of what comes with it.

A release of Airflow is installed with the providers of its day: 2.11.1 to 3.3.1 bring common-compat 1.13 to 1.18, and
whoever keeps to the constraints of a release keeps these. So no other module imports a name that is newer than the
floor in ``pyproject.toml``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from airflow.providers.common.compat.sdk import mask_secret
else:
    try:
        # common-compat 1.22 and newer
        from airflow.providers.common.compat.sdk import mask_secret
    except ImportError:
        try:
            # Airflow 3.1 and newer
            from airflow.sdk.log import mask_secret
        except ImportError:
            try:
                # Airflow 3.0
                from airflow.sdk.execution_time.secrets_masker import mask_secret
            except ImportError:
                # Airflow 2
                from airflow.utils.log.secrets_masker import mask_secret

__all__ = ["mask_secret"]
