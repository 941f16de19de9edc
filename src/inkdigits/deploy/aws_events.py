"""What AWS Lambda is given for a web request, and what it has to give back, from each of its doors.

API Gateway's payloads 1.0 (REST APIs) and 2.0 (HTTP APIs, and function URLs) and an Application
Load Balancer's, as AWS documents them under "Working with AWS Lambda proxy integrations", "Invoking
Lambda function URLs" and "Lambda functions as targets".
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from dataclasses import dataclass
from http import HTTPStatus
from typing import Any
from urllib.parse import parse_qsl, unquote_plus

from inkdigits.web.answers import Refused


@dataclass(frozen=True)
class Request:
    """A web request; of what came several times the last."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """By their names in lower case."""
    body: bytes


def request_of(event: Any) -> Request:
    """The request in an event.

    Raises Refused if it is of no kind that is known, or its body not what it says.
    """
    try:
        if event.get("version") == "2.0":
            method = event["requestContext"]["http"]["method"]
            path = event["rawPath"]
            query = dict(parse_qsl(event.get("rawQueryString", ""), keep_blank_values=True))
        else:
            method = event["httpMethod"]
            path = event["path"]
            query = _last(event, "queryStringParameters", "multiValueQueryStringParameters")
            if _is_of_a_balancer(event):  # which leaves it as it was sent
                query = {unquote_plus(name): unquote_plus(it) for name, it in query.items()}
        headers = _last(event, "headers", "multiValueHeaders")
        headers = {name.lower(): value for name, value in headers.items()}
        body = (event.get("body") or "").encode()
        is_base64 = event.get("isBase64Encoded", False)
    except (AttributeError, KeyError, TypeError, ValueError) as error:
        raise Refused(
            400,
            "The event is no web request that is known. Call the function through its URL, API "
            "Gateway (payload 1.0 or 2.0) or an Application Load Balancer.",
        ) from error
    return Request(method, path, query, headers, _decoded(body) if is_base64 else body)


def response_to(event: Any, status: int, headers: Mapping[str, str], body: bytes) -> dict[str, Any]:
    """What the door through which the event came takes for a response."""
    response: dict[str, Any] = {
        "statusCode": status,
        "headers": dict(headers),
        "body": body.decode(),
        "isBase64Encoded": False,
    }
    if _is_of_a_balancer(event):
        response["statusDescription"] = f"{status} {HTTPStatus(status).phrase}"
        if "multiValueHeaders" in event:  # then it knows no others
            response["multiValueHeaders"] = {
                name: [it] for name, it in response.pop("headers").items()
            }
    return response


def _last(event: Mapping[str, Any], single: str, multiple: str) -> dict[str, str]:
    """By name, where a load balancer gives either and API Gateway both."""
    several = {name: values[-1] for name, values in (event.get(multiple) or {}).items()}
    return (event.get(single) or {}) | several


def _is_of_a_balancer(event: Any) -> bool:
    return isinstance(event, dict) and "elb" in (event.get("requestContext") or {})


def _decoded(body: bytes) -> bytes:
    try:
        return base64.b64decode(body, validate=True)
    except binascii.Error as error:
        raise Refused(
            400, f"The event says that its body is base64, and it is not: {error}."
        ) from error
