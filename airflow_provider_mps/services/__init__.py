"""The services: a folder for each wire, pure, which imports the core and never another one.

Whoever imports this has the profiles of all of them in the table of ``core.services``.
"""

from __future__ import annotations

from airflow_provider_mps.services.aidge.profile import AIDGE
from airflow_provider_mps.services.tencentcloud.profile import COS, CREDENTIALS, MPS, STS

__all__ = ["AIDGE", "COS", "CREDENTIALS", "MPS", "STS"]
