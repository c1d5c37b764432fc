"""Who is let in, and to what."""

from collections.abc import Callable

import pytest
from fastapi.testclient import TestClient

from schemas.errors import UsageError
from serving.web.auth import Caller, check_address, find_caller, parse_tokens

Serve = Callable[..., TestClient]

READ, EXTRACT, REVIEW = ("0123456789abcdef" * 2 + letter for letter in "rew")
TOKENS = f"ann:read:{READ}, bob:extract:{EXTRACT},eve:review:{REVIEW}"
SOMETHING = "sha256:" + "0" * 64


def _bearer(token: str) -> dict[str, str]:
    return {"Authorization": f"Bearer {token}"}


def test_token_names_its_caller() -> None:
    """The scheme's case doesn't matter; anything but the whole token is nobody's."""
    tokens = parse_tokens(TOKENS)
    assert find_caller(f"bearer {EXTRACT}", tokens) == Caller("bob", "extract")
    for wrong in (None, "", "Bearer", f"Basic {READ}", f"Bearer {READ[:-1]}", f"Bearer {READ}x", "Bearer \udcff"):
        assert find_caller(wrong, tokens) is None


@pytest.mark.parametrize("entry", ["ann", "ann:read", f"ann:admin:{READ}", "ann:read:short-secret", f":read:{READ}"])
def test_wrong_entry_is_told_without_its_token(entry: str) -> None:
    """The service doesn't start with half of its tokens, and no secret stands in the message."""
    with pytest.raises(UsageError, match="OPTOPHONE_API_TOKENS") as error:
        parse_tokens(entry)
    assert READ not in str(error.value)
    assert "short-secret" not in str(error.value)
    assert READ not in repr(parse_tokens(TOKENS))


@pytest.mark.parametrize("host", ["0.0.0.0", "::", "192.168.1.5", "example.org", ""])  # noqa: S104
def test_other_addresses_need_tokens(host: str) -> None:
    """Nobody serves a network by mistake."""
    with pytest.raises(UsageError, match="expected OPTOPHONE_API_TOKENS"):
        check_address(host, [])
    check_address(host, parse_tokens(TOKENS))


@pytest.mark.parametrize("host", ["127.0.0.1", "::1", "localhost", "127.1.2.3"])
def test_own_addresses_need_none(host: str) -> None:
    """The machine's own user is trusted."""
    check_address(host, [])


PROTECTED = ["/api/v1/extractions", "/api/v1/schemas", "/api/v1/chat-models", "/api/v1/prompts", "/metrics"]
PROTECTED += [f"/api/v1/documents/{SOMETHING}", "/api/v1/extractions/x/events", "/api/v1/extractions/x/export"]


@pytest.mark.parametrize("path", PROTECTED)
def test_nothing_is_said_without_a_token(serve: Serve, path: str) -> None:
    """401 for none and for a wrong one, and how to authenticate; never a hint at what is there."""
    client = serve(api_tokens=TOKENS, host="service.example")
    for headers in ({}, _bearer("0" * 33), {"Authorization": "Basic YTpi"}, {"Cookie": f"token={REVIEW}"}):
        answer = client.get(path, headers=headers)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "unauthorized")
        assert answer.headers["www-authenticate"] == "Bearer"
    assert client.get(f"{path}?token={REVIEW}").status_code == 401


def test_health_needs_no_token(serve: Serve) -> None:
    """Who runs the service asks before there are tokens."""
    client = serve(api_tokens=TOKENS, host="service.example", client="10.0.0.9")
    assert client.get("/healthz").json() == {"status": "ok"}
    assert client.get("/readyz").json()["checks"] == {"store": True, "queue": True, "mlflow": True}


def test_role_bounds_what_may_be_done(serve: Serve) -> None:
    """read < extract < review."""
    client = serve(api_tokens=TOKENS, host="service.example", client="10.0.0.9")

    def statuses(method: str, path: str, body: object = None) -> list[int]:
        asked = [client.request(method, path, headers=_bearer(token), json=body) for token in (READ, EXTRACT, REVIEW)]
        return [answer.status_code for answer in asked]

    assert statuses("GET", "/api/v1/extractions") == [200, 200, 200]
    assert statuses("POST", "/api/v1/extractions", {"document": SOMETHING}) == [403, 404, 404]
    assert statuses("POST", "/api/v1/documents", "no form") == [403, 415, 415]
    assert statuses("DELETE", f"/api/v1/documents/{SOMETHING}") == [403, 403, 404]
    assert statuses("POST", "/api/v1/extractions/x/corrections", {"extraction": {}}) == [403, 403, 404]


def test_without_tokens_only_this_machine_is_let_in(serve: Serve) -> None:
    """Neither another address, nor a page that had its own name point here."""
    assert serve().get("/api/v1/schemas").status_code == 200


def test_other_machine_is_nobody(serve: Serve) -> None:
    """Whatever the address that the service was bound to."""
    assert serve(client="10.0.0.9").get("/api/v1/schemas").status_code == 401


def test_rebound_name_is_nobody(serve: Serve) -> None:
    """A page of evil.example whose name was made to mean 127.0.0.1 comes from here, but under its own name."""
    assert serve(host="evil.example").get("/api/v1/schemas").status_code == 401


def test_pages_of_other_sites_cannot_write(serve: Serve) -> None:
    """A browser says where a request comes from; without tokens nothing else would hold it back."""
    client = serve()
    for headers in ({"Origin": "https://evil.example"}, {"Sec-Fetch-Site": "cross-site"}, {"Origin": "null"}):
        assert client.post("/api/v1/documents", content=b"x", headers=headers).status_code == 403
    own = {"Origin": "http://127.0.0.1", "Sec-Fetch-Site": "same-origin"}
    assert client.post("/api/v1/documents", content=b"x", headers=own).status_code == 415


def test_too_many_requests_wait(serve: Serve) -> None:
    """Each token has its own share, and wrong tokens share their address's."""
    client = serve(api_tokens=TOKENS, requests_per_minute=3, host="service.example", client="10.0.0.9")
    reader = [client.get("/api/v1/schemas", headers=_bearer(READ)) for _ in range(4)]
    assert [answer.status_code for answer in reader] == [200, 200, 200, 429]
    assert reader[-1].headers["retry-after"] == "60"
    assert client.get("/api/v1/schemas", headers=_bearer(REVIEW)).status_code == 200
    assert [client.get("/api/v1/schemas").status_code for _ in range(4)] == [401, 401, 401, 429]


def test_no_cookie_is_set_and_headers_are_strict(serve: Serve) -> None:
    """Nothing that another site's page could make a browser send along; no script but our own."""
    client = serve()
    for path in ("/healthz", "/api/v1/schemas", "/api/v1/extractions/x"):
        headers = client.get(path).headers
        assert "set-cookie" not in headers
        assert "access-control-allow-origin" not in headers
        assert "unsafe" not in headers["content-security-policy"]
        assert "script-src 'self'" in headers["content-security-policy"]
        assert headers["cache-control"] == "no-store"
