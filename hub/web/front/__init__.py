"""What stands in front of the application: proxies, base path, limits, compression, health, metrics and the access log.

Each is a small ASGI application around the next one. They know nothing of routes, sessions or the framework inside.
"""

from __future__ import annotations

from hub.context import Hub
from hub.web.front.asgi import App
from hub.web.front.base_path import under_base_path
from hub.web.front.compress import compressed
from hub.web.front.health import with_health
from hub.web.front.limits import limited
from hub.web.front.metrics import measured
from hub.web.front.proxies import behind_proxies
from hub.web.front.secure import over_tls
from hub.web.front.spans import spanned
from hub.web.front.trace import traced


def front(app: App, hub: Hub) -> App:
    """Return the application with everything in front of it; the first that a request meets is named last."""
    settings = hub.settings
    app = compressed(app)
    app = limited(app, settings)
    app = with_health(app, hub)
    app = measured(spanned(app), hub)
    app = traced(app, settings)
    app = under_base_path(app, settings)
    app = behind_proxies(app, settings)
    return over_tls(app, settings)
