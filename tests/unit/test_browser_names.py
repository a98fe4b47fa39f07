"""Sessions are named by browser and system, as people know them."""

from __future__ import annotations

import pytest

from hub.web.pages.browsers import browser_name

_GECKO = "(KHTML, like Gecko)"


@pytest.mark.parametrize(
    ("told", "name"),
    [
        (f"Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 {_GECKO} Chrome/141.0 Safari/537.36",
         "Chrome 141 on Linux"),
        (f"Mozilla/5.0 (Windows NT 10.0; Win64) AppleWebKit/537.36 {_GECKO} Chrome/141.0 Safari/537.36 Edg/140.0",
         "Edge 140 on Windows"),
        ("Mozilla/5.0 (Macintosh; Intel Mac OS X 10.15; rv:131.0) Gecko/20100101 Firefox/131.0",
         "Firefox 131 on macOS"),
        (f"Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) {_GECKO} Version/18.1 Mobile/15E Safari/604",
         "Safari 18 on iPhone"),
        (f"Mozilla/5.0 (Linux; Android 14) AppleWebKit/537.36 {_GECKO} Chrome/130.0 Mobile Safari/537.36",
         "Chrome 130 on Android"),
        ("curl/8.5.0", "curl 8"),
        ("Python-urllib/3.11", "Python-urllib/3.11"),
        ("", ""),
    ],
)  # fmt: skip
def test_a_browser_is_called_by_its_name(told: str, name: str) -> None:
    assert browser_name(told) == name
