"""What tasks read and write, for Airflow's hook lineage, for OpenLineage and for assets."""
