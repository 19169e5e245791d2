"""Who asks, and whether that is who it seems to be. The unix socket's file permissions are the authentication; here is
what the plain loopback port needs besides.
"""
