"""Binds Containers to Nodes."""
