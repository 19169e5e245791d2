"""What is changed or refused on the way in, beyond what a kind's own rules say: here, the life of namespaces."""
