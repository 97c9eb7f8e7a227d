"""Run an example DAG through Airflow itself against the local service, and show the pictures."""
