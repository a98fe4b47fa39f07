"""Which browser, on what: the name of a session, from what the browser said of itself."""

from __future__ import annotations

import re
from typing import Final

from hub.web.i18n import gettext as _

_BROWSERS: Final = (
    ("Edge", re.compile(r"\bEdg(?:e|A|iOS)?/(\d+)")), ("Opera", re.compile(r"\b(?:OPR|Opera)/(\d+)")),
    ("Samsung Internet", re.compile(r"\bSamsungBrowser/(\d+)")), ("Yandex", re.compile(r"\bYaBrowser/(\d+)")),
    ("Vivaldi", re.compile(r"\bVivaldi/(\d+)")), ("Firefox", re.compile(r"\b(?:Firefox|FxiOS)/(\d+)")),
    ("Chrome", re.compile(r"\b(?:Chrome|HeadlessChrome|CriOS)/(\d+)")),
    ("Safari", re.compile(r"\bVersion/(\d+)[^ ]* (?:Mobile/\S+ )?Safari/")), ("curl", re.compile(r"^curl/(\d+)")),
)  # fmt: skip
"""In this order: most browsers name those that they want to be taken for, too."""
_SYSTEMS: Final = (
    ("iPhone", re.compile(r"\biPhone\b")), ("iPad", re.compile(r"\biPad\b")), ("Android", re.compile(r"\bAndroid\b")),
    ("Windows", re.compile(r"\bWindows\b")), ("ChromeOS", re.compile(r"\bCrOS\b")),
    ("macOS", re.compile(r"\bMac OS X\b|\bMacintosh\b")), ("Linux", re.compile(r"\bLinux\b|\bX11\b")),
)  # fmt: skip


def browser_name(user_agent: str) -> str:
    """Return words such as `Firefox 131 on Linux`; what is not known is shown as it came."""
    told = next(((name, found[1]) for name, form in _BROWSERS if (found := form.search(user_agent))), None)
    system = next((name for name, form in _SYSTEMS if form.search(user_agent)), "")
    if told is None:
        return user_agent
    browser = f"{told[0]} {told[1]}"
    return _("%(browser)s on %(system)s", browser=browser, system=system) if system else browser
