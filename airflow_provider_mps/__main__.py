"""The commands of ``airflow mps`` on any version of Airflow: ``python -m airflow_provider_mps``."""

from __future__ import annotations

from airflow_provider_mps.cli.program import end_with, main

if __name__ == "__main__":
    end_with(main())
