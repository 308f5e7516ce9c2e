"""Chaos with real processes: workers, portals and servers are killed and frozen; the lab's ledger is the oracle."""
