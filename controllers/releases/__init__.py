"""Releases: how the newest one is doing, that the others are of the past, and that nothing is kept for none of them."""
