"""The one place that imports ldap3, which uses names that its own dependency calls old."""

from __future__ import annotations

import warnings

with warnings.catch_warnings():
    warnings.simplefilter("ignore", DeprecationWarning)
    import ldap3
    from ldap3.core import exceptions
    from ldap3.utils.conv import escape_filter_chars
    from ldap3.utils.dn import escape_rdn, safe_dn

__all__ = ["escape_filter_chars", "escape_rdn", "exceptions", "ldap3", "safe_dn"]
