"""What others need to check the tokens of ServiceAccounts by themselves: who issues them, and the public keys.

    GET /.well-known/openid-configuration    the issuer, and where the keys are
    GET /openid/v1/jwks                      the keys, as a JSON Web Key Set

Source: "Service account issuer discovery" of the Kubernetes documentation; OpenID Connect Discovery 1.0; RFC 7517.
"""

import json
from typing import Final

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from fizz.apiserver.auth import accounts
from fizz.apiserver.auth.keys import Keys
from fizz.apiserver.rest import answers
from fizz.schemas.base import JSON

__all__ = ["routes"]

_CONFIGURATION: Final = "/.well-known/openid-configuration"
_KEYS: Final = "/openid/v1/jwks"


def routes(keys: Keys, address: str) -> list[Route]:
    """The two paths. `address` is the host and port where the server is reached over TLS."""

    async def configuration(request: Request) -> Response:
        return answers.json_of(_configuration(address))

    async def key_set(request: Request) -> Response:
        return answers.json_of(_key_set(keys), "application/jwk-set+json")

    return [Route(_CONFIGURATION, configuration), Route(_KEYS, key_set)]


def _configuration(address: str) -> JSON:
    """Who issues tokens."""
    return {
        "issuer": accounts.ISSUER,
        "jwks_uri": f"https://{address}{_KEYS}",
        "response_types_supported": ["id_token"],
        "subject_types_supported": ["public"],
        "id_token_signing_alg_values_supported": [accounts.ALGORITHM],
    }


def _key_set(keys: Keys) -> JSON:
    """The keys that signatures are checked with."""
    from jwt.algorithms import ECAlgorithm

    made = []
    for identifier in keys.identifiers():
        public = keys.public(identifier)
        assert public is not None
        jwk = json.loads(ECAlgorithm.to_jwk(public))
        made.append({"use": "sig", **jwk, "kid": identifier, "alg": accounts.ALGORITHM})
    return {"keys": made}
