"""Many pictures in one Airflow task: what is asked for, the record of it, and the run."""
