"""Language models behind one interface: complete(system, text, schema) -> (value, usage)."""
