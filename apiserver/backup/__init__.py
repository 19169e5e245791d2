"""Backups of a control plane, and how one is put back: `archive` is the file, `save` makes it, `restore` reads it.

What is in one: all that stands in the store at one revision, and the keys and the certificate authority, so that the
same control plane comes up on another machine and its clients go on. What is not: the history that watchers replay,
leases, and anything of the engine (images, containers, what is in volumes).
"""
