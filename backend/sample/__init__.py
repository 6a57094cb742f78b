"""A clip made on the spot, of which everything is known: for the demo, the benchmark and the tests."""
