"""How a webhook is reached, as configurations and definitions say it: by url, or by a service.

Source: the validation of `WebhookClientConfig` in admissionregistration.k8s.io/v1 and apiextensions.k8s.io/v1.
"""

import base64
import binascii
import ssl
from typing import Final
from urllib.parse import urlsplit

from fizz.apiserver.kinds.causes import Cause, invalid, required
from fizz.schemas.base import JSON

__all__ = ["REVIEW_VERSION", "certificates", "check_client", "check_review_versions"]

REVIEW_VERSION: Final = "v1"
"""The version of AdmissionReview and ConversionReview that is spoken."""
_FORM: Final = "desired format: https://host[:port]/path"


def check_client(config: JSON, place: str) -> list[Cause]:
    """What is wrong with a client configuration."""
    url, service = config.get("url"), config.get("service")
    causes: list[Cause] = []
    if (url is None) == (service is None):
        causes.append(required(place, "exactly one of url or service is required"))
    elif url is not None:
        causes += _url(url, f"{place}.url")
    elif service is not None:
        causes += _service(service, f"{place}.service")
    return causes


def check_review_versions(versions: list[str], place: str) -> list[Cause]:
    """What is wrong with the versions of reviews that a webhook reads."""
    if not versions:
        return [required(place, f"must specify one of {REVIEW_VERSION}")]
    causes = [
        invalid(f"{place}[{index}]", version, "duplicate version")
        for index, version in enumerate(versions)
        if version in versions[:index]
    ]
    if REVIEW_VERSION not in versions:
        causes.append(invalid(place, versions, f"must include at least one of {REVIEW_VERSION}"))
    return causes


def certificates(bundle: str) -> str:
    """The PEM of a caBundle. Raises `ValueError` if no certificate is in it."""
    try:
        text = base64.b64decode(bundle, validate=True).decode("ascii")
        ssl.create_default_context(cadata=text)
    except (binascii.Error, UnicodeDecodeError, ValueError, ssl.SSLError) as problem:
        raise ValueError("unable to load root certificates: unable to parse bytes as PEM block") from problem
    return text


def _url(url: str, place: str) -> list[Cause]:
    try:
        parts = urlsplit(url)
        _ = parts.port
    except ValueError as problem:
        return [required(place, f"url must be a valid URL: {problem}; {_FORM}")]
    found = [
        (parts.scheme != "https", f"'https' is the only allowed URL scheme; {_FORM}"),
        (not parts.hostname, f"host must be specified; {_FORM}"),
        ("@" in parts.netloc, "user information is not permitted in the URL"),
        (bool(parts.fragment), "fragments are not permitted in the URL"),
        (bool(parts.query), "query parameters are not permitted in the URL"),
    ]
    return [invalid(place, url, said) for wrong, said in found if wrong]


def _service(service: JSON, place: str) -> list[Cause]:
    causes = [
        required(f"{place}.{field}", f"service {field} is required")
        for field in ("namespace", "name")
        if not service.get(field)
    ]
    port = service.get("port")
    if port is not None and not 1 <= port <= 65535:
        said = "port is not valid: must be between 1 and 65535, inclusive"
        causes.append(invalid(f"{place}.port", port, said))
    path = service.get("path")
    if path and path != "/":
        if not path.startswith("/"):
            causes.append(invalid(f"{place}.path", path, "must start with a '/'"))
        elif "//" in path:
            causes.append(invalid(f"{place}.path", path, "segment may not be empty"))
    return causes
