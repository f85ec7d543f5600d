"""Validation: submissions whose right grade is known (staff only)."""
