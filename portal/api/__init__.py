"""The resources of the API, one noun a file."""
