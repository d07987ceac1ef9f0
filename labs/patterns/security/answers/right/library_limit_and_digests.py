"""Starlette's own body limit; only digests of the keys are kept; the token by an httpx auth flow; no X-Frame-Options."""
# %% headers
def security_headers(https):
    policy = "frame-ancestors 'none'; default-src 'none'; base-uri 'none'"
    headers = {"x-content-type-options": "nosniff", "content-security-policy": policy}
    headers |= {"referrer-policy": "no-referrer", "x-xss-protection": "0"}
    return headers | ({"strict-transport-security": "includeSubDomains; max-age=31536000"} if https else {})


# %% body_limit
def limit_body(app):
    from starlette.middleware.body_limit import RequestBodyLimitMiddleware

    app.add_middleware(RequestBodyLimitMiddleware, max_body_size=MAX_BODY)


# %% secrets
class Digests:
    def __init__(self, keys, token):
        self.digests = [hashlib.sha256(key.encode()).digest() for key in keys]

        def sign(request):
            request.headers["Authorization"] = f"Bearer {token}"
            return request

        self.sign = sign


def read_settings():
    def check(name, value):
        if not value:
            raise RuntimeError(f"{name} is not set")
        if "changeme" in value:
            raise RuntimeError(f"{name} still has its placeholder")
        if len(value) < 16:
            raise RuntimeError(f"{name} is too short: 16 characters at least")

    token = os.getenv("DOWNSTREAM_TOKEN", "").strip()
    check("DOWNSTREAM_TOKEN", token)
    keys = [part for part in re.split(r"[,\s]+", os.getenv("API_KEY", "")) if part]
    check("API_KEY", min(keys, key=len, default=""))
    for key in keys:
        check("API_KEY", key)
    return Digests(keys, token)


def is_valid_key(given, settings):
    digest = hashlib.sha256(given.encode("latin-1")).digest()
    return sum(secrets.compare_digest(digest, known) for known in settings.digests) > 0


async def ask_downstream(client, path, settings):
    return await client.get(path, auth=settings.sign)
