"""Apache Airflow provider for product-picture backgrounds with Tencent Cloud MPS."""

from __future__ import annotations

__version__ = "0.1.0"
