"""What Benchmarks/run is made of: the stage, the peers, the report."""
