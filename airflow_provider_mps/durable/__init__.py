"""How a try of an Airflow task gets the one task of the service that is its own, whatever became of earlier tries."""
