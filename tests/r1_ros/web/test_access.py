"""Who may use the page."""

from __future__ import annotations

import pytest

from r1_ros.web.access import LOOPBACK_NAMES, Access, InvalidAddressError, is_loopback

OWN = Access(hosts=LOOPBACK_NAMES)
SHARED = Access(token="correct horse")


def status(access: Access, path: str = "/api/state", **headers: str) -> int:
    named = {name.replace("_", "-"): value for name, value in headers.items()}
    refusal = access.refusal(path, named)
    if refusal is None:
        return 200
    assert len(refusal.sentence) > 20
    return refusal.status


@pytest.mark.parametrize("host", ["127.0.0.1:8321", "localhost:8321", "[::1]:8321", "LOCALHOST"])
def test_this_machine_needs_no_token(host: str) -> None:
    assert status(OWN, host=host) == 200
    assert status(OWN, host=host, origin=f"http://{host}", sec_fetch_site="same-origin") == 200


@pytest.mark.parametrize(
    "host", ["", "evil.example", "127.0.0.1.evil.example", "[::1", "192.0.2.1"]
)
def test_a_foreign_name_is_refused_even_for_the_page(host: str) -> None:
    assert status(OWN, host=host) == status(OWN, "/", host=host) == 421


@pytest.mark.parametrize(
    "origin", ["http://evil.example", "null", "http://127.0.0.1:9", "https://127.0.0.1:8321.evil"]
)
@pytest.mark.parametrize("access", [OWN, SHARED])
def test_a_page_of_another_origin_is_refused(access: Access, origin: str) -> None:
    bearer = f"Bearer {SHARED.token}"
    assert status(access, host="127.0.0.1:8321", origin=origin, authorization=bearer) == 403


def test_other_sites_are_refused_where_browsers_send_no_origin() -> None:
    assert status(OWN, host="localhost", sec_fetch_site="cross-site") == 403
    assert status(OWN, host="localhost", sec_fetch_site="same-site") == 403


@pytest.mark.parametrize("given", ["", "Bearer", "Bearer wrong", "Basic correct horse", "Bearer ñ"])
def test_without_the_token_nothing_of_the_robot_is_told(given: str) -> None:
    headers = {"host": "robot:8321", "authorization": given}
    assert status(SHARED, **headers) == 401
    assert status(SHARED, "/app.js", **headers) == 200  # the page itself, which asks for it


def test_with_the_token() -> None:
    bearer = f"Bearer {SHARED.token}"
    assert (
        status(SHARED, host="robot:8321", origin="http://robot:8321", authorization=bearer) == 200
    )


def test_neither_token_nor_names_is_no_rule() -> None:
    with pytest.raises(InvalidAddressError):
        Access()


@pytest.mark.parametrize(
    ("host", "alone"),
    [("127.0.0.1", True), ("127.9.9.9", True), ("::1", True), ("localhost", True),
     ("0.0.0.0", False), ("::", False), ("192.0.2.1", False), ("localhost.example", False)],
)  # fmt: skip
def test_which_addresses_only_this_machine_reaches(host: str, alone: bool) -> None:
    assert is_loopback(host) == alone
