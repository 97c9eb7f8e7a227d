"""COS as a file system of fsspec, which is what Airflow's ``ObjectStoragePath`` stands on."""
