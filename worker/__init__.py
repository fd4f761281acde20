"""Takes jobs from the database and does their work on a Ray cluster."""
