"""The reference solution (staff only): one module a part, by the names of the stubs."""
