"""The deterministic simulator: the real core on a virtual clock and a pretend wire, everything decided by one seed."""
