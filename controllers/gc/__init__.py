"""Collects what belongs to nobody any more."""
