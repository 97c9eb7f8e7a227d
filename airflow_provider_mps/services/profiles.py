"""The services that there are; whoever imports this has all their profiles in the table of ``core.services``."""

from __future__ import annotations

from airflow_provider_mps.services.aidge.profile import AIDGE
from airflow_provider_mps.services.tencentcloud.profile import COS, CREDENTIALS, MPS, STS

__all__ = ["AIDGE", "COS", "CREDENTIALS", "MPS", "STS"]
