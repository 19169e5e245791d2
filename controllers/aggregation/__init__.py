"""Aggregated ClusterRoles: their rules are those of the ClusterRoles that they select."""
