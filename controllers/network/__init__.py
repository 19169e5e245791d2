"""What lies between containers and the world outside: the ingress."""
