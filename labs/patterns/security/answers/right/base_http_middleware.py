"""Everything by BaseHTTPMiddleware, around the app and inside of it; the page's scripts found by a parser."""
# %% everywhere
def protect(app):
    from starlette.middleware.base import BaseHTTPMiddleware

    async def add_headers(request, call_next):
        answer = await call_next(request)
        for name, value in security_headers(request.url.scheme == "https").items():
            if name not in answer.headers:
                answer.headers[name] = value
        return answer

    return BaseHTTPMiddleware(app, dispatch=add_headers)


# %% docs
def docs_policy(page):
    class Scripts(HTMLParser):
        inside = False
        found = ()

        def handle_starttag(self, tag, attrs):
            self.inside = tag == "script" and not any(name == "src" for name, _ in attrs)

        def handle_endtag(self, tag):
            self.inside = False

        def handle_data(self, data):
            if self.inside:
                digest = base64.b64encode(hashlib.sha512(data.encode()).digest()).decode()
                self.found += (f"'sha512-{digest}'",)

    scripts = Scripts()
    scripts.feed(page)
    allowed = " ".join(scripts.found)
    return f"default-src 'self'; script-src-elem 'self' {allowed}; script-src 'none'; frame-ancestors 'none'"


# %% body_limit
def limit_body(app):
    @app.middleware("http")
    async def limit(request, call_next):
        if int(request.headers.get("content-length") or 0) > MAX_BODY:
            return error_response(413, "Too large.")
        body = b""
        async for piece in request.stream():
            body += piece
            if len(body) > MAX_BODY:
                return error_response(413, "Too large.")
        request._body = body  # what request.body() would have kept, and call_next hands on
        return await call_next(request)
