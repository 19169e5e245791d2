"""Empties Namespaces that are being deleted, and lets them go."""
