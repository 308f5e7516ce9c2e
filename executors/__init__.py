"""The wires: one per file, each the only importer of its library. Foreign errors are translated here into ours."""
