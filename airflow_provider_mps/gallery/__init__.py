"""What people look at in Airflow's own pages: the pictures of a run, and questions about them."""
