"""Who asks, and may they. Pure: `rbac` decides over rules, `index` knows who holds which, `users`, `actions`,
`impersonation`, `accounts` and `tokens` are values and their written forms. Thin: `access` follows the store,
`authenticator` asks it, `certificates` and `keys` keep files. `rest.gate` puts them before every request.
"""
