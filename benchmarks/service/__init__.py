"""The whole service for the proofs: its processes, a PostgreSQL, Ray nodes, all in a network of
their own that nothing outside can reach."""
