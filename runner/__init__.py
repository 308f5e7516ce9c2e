"""The durable core: do it once, at its time, and remember it. Imports only the domain and the policies."""
