"""Custom kinds: what a CustomResourceDefinition must be (`rules`, `schemas`, `names`), and the resources it makes
(`resources`).
"""
