"""What a person asks by hand about a task of a service: ``airflow mps`` and ``python -m airflow_provider_mps``."""
