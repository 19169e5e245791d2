"""Runs the containers of Jobs until so many have succeeded, or they have failed too often."""
