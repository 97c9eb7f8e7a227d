"""Hooks: from an Airflow connection to credentials and clients."""
