"""What is changed or refused on the way in, beyond what a kind's own rules say: the life of namespaces, webhooks, and
policies in CEL. `admission` is the front; `matching`, `review`, `policies` are pure; `calls` alone speaks to others.
"""
