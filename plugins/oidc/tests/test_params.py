"""What the settings of a provider may say, and how claims are read."""

from __future__ import annotations

from typing import Any

import pytest
from hub_oidc.claims import read_groups, read_text
from hub_oidc.params import OidcParams
from pydantic import ValidationError

CLAIMS: dict[str, Any] = {
    "sub": "1", "email": "jane@example.org", "given": "Jane", "family": "Doe", "number": 7.0, "flag": True,
    "empty": " ",
    "realm_access": {"roles": ["ops", 5, None, {"x": 1}, "ops"]}, "https://example.org/name": "By address",
}  # fmt: skip


@pytest.mark.parametrize(
    ("expression", "expected"),
    [
        ("email", "jane@example.org"), ("missing|email", "jane@example.org"), ("empty | email", "jane@example.org"),
        ("{{ .given }} {{.family}}", "Jane Doe"), ("{{ .given }} {{ .missing }}|email", "jane@example.org"),
        ("number", "7"), ("flag", ""), ("missing", ""), ("https://example.org/name", "By address"),
        ("{{ .number }}@example.org", "7@example.org"), ("realm_access", ""),
    ],
)  # fmt: skip
def test_claims_are_read_by_alternatives_paths_and_templates(expression: str, expected: str) -> None:
    assert read_text(expression, CLAIMS) == expected


def test_groups_are_texts_of_a_list_or_one_text() -> None:
    assert read_groups("realm_access.roles", CLAIMS) == ("ops", "5")
    assert read_groups("given", CLAIMS) == ("Jane",)
    assert read_groups("missing", CLAIMS) == read_groups("", CLAIMS) == ()


@pytest.mark.parametrize(
    "wrong",
    [
        {"provider_url": "http://login.example.org"}, {"provider_url": "ftp://login.example.org"}, {"provider_url": ""},
        {"provider_url": "https://user:word@login.example.org"}, {"client_id": ""}, {"username_claim": "{{ if .x }}"},
        {"username_claim": "a||b"}, {"endpoint": {"algorithms": ["none"]}}, {"endpoint": {"algorithms": ["HS256"]}},
        {"subject_claim": "email"}, {"scopes": ["profile"]}, {"unknown": 1}, {"redirect_url": "http://hub.example.org"},
    ],
    ids=str,
)  # fmt: skip
def test_settings_that_would_be_unsafe_or_never_work_are_refused(wrong: dict[str, Any]) -> None:
    fine = {"provider_url": "https://login.example.org", "client_id": "hub"}
    assert OidcParams.model_validate(fine)
    with pytest.raises(ValidationError):
        OidcParams.model_validate(fine | wrong)
