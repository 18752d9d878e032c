"""What every answer carries: headers that keep a browser from doing more than the page needs."""

from starlette.datastructures import Headers, MutableHeaders
from starlette.responses import PlainTextResponse, Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from serving.web.errors import problem

POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "form-action 'self'; base-uri 'none'; frame-ancestors 'none'"
)
HEADERS = {
    "content-security-policy": POLICY,
    "x-content-type-options": "nosniff",
    "referrer-policy": "same-origin",
    "cross-origin-opener-policy": "same-origin",
    "cross-origin-resource-policy": "same-origin",
    "permissions-policy": "camera=(), geolocation=(), microphone=(), payment=(), usb=()",
    "x-frame-options": "DENY",
}
COOKIE = "forewarn_session"
LARGEST_BODY = 1_000_000
"""Bytes of a form or a JSON body: a bulk action on every account of a page stays far below."""


class Guard:
    """Adds the headers, refuses bodies that are too large, and keeps pages out of shared caches."""

    def __init__(self, app: ASGIApp, secure: bool, hours: float) -> None:
        self.app, self.secure, self.hours = app, secure, hours
        self.headers = HEADERS | ({"strict-transport-security": "max-age=31536000"} if secure else {})

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Pass the request on and its answer back."""
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return

        async def guarded(message: Message) -> None:
            if message["type"] == "http.response.start":
                found = MutableHeaders(scope=message)
                for name, value in self.headers.items():
                    found.setdefault(name, value)
                found.setdefault("cache-control", "private, no-cache")
                if token := scope.get("state", {}).get("new_session"):
                    found.append("set-cookie", session_cookie(token, self.hours, self.secure))
            await send(message)

        length = Headers(scope=scope).get("content-length", "0")
        if not length.isdigit() or int(length) > LARGEST_BODY:
            await _too_large(scope["path"])(scope, receive, guarded)
            return
        await self.app(scope, _counted(receive), guarded)


def _too_large(path: str) -> Response:
    told = f"The body is longer than {LARGEST_BODY:,} bytes."
    return problem(413, told, path) if path.startswith("/api/") else PlainTextResponse(told, 413)


def session_cookie(token: str, hours: float, secure: bool) -> str:
    """Return the cookie that keeps somebody signed in; an empty token ends it."""
    age = int(hours * 3_600) if token else 0
    return f"{COOKIE}={token}; Path=/; Max-Age={age}; HttpOnly; SameSite=Lax{'; Secure' if secure else ''}"


def _counted(receive: Receive) -> Receive:
    """Return a receiver that ends a body without stated length once it grows too large."""
    taken = 0

    async def counted() -> Message:
        nonlocal taken
        message = await receive()
        taken += len(message.get("body", b""))
        return {"type": "http.disconnect"} if taken > LARGEST_BODY else message

    return counted
