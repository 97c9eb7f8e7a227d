"""Pure decisions: payloads, results, errors, polling. Nothing here imports Airflow or a vendor SDK."""
