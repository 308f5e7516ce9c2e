"""A pretend estate that speaks the real protocols. For the demo and the tests; product code never imports it."""
