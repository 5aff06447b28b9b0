"""What `tests/bench/run` measures, and how."""
