"""Keeps the Containers of every Deployment as its template, replicas and dependencies want them."""
