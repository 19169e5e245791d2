"""The ServiceAccount `default`, which every Namespace has."""
