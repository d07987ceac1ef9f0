"""Validated by hand, member by member; settings whose repr is the default one of a closure; no documentation at all."""
# %% everywhere
def protect(app):
    app.router.routes[:] = [route for route in app.router.routes if getattr(route, "path", "") != "/docs"]

    class Protected:
        async def __call__(self, scope, receive, send):
            async def send_with_headers(message):
                if message["type"] == "http.response.start":
                    message["headers"] = [
                        *message.get("headers", ()),
                        *((name.encode(), value.encode()) for name, value in security_headers(self.https(scope)).items()),
                    ]
                await send(message)

            await app(scope, receive, send if scope["type"] == "lifespan" else send_with_headers)

        def https(self, scope):
            return Headers(scope=scope).get("x-forwarded-proto") == "https"

    return Protected()


# %% sign_up
def add_sign_up(app, users):
    import json

    from email_validator import EmailNotValidError, validate_email

    def misfits(body):
        if type(body) is not dict:
            yield "body"
            return
        yield from sorted(str(name) for name in body.keys() - {"name", "email", "password", "age"})
        if type(body.get("name")) is not str or not body["name"].isprintable():
            yield "name"
        password, email, age = body.get("password"), body.get("email"), body.get("age")
        if type(password) is not str or not 8 <= len(password) <= 128 or not password.isprintable():
            yield "password"
        if age is not None and (type(age) is not int or not 0 <= age <= 150):
            yield "age"
        try:
            validate_email(email if type(email) is str and email.isascii() else "", check_deliverability=False)
        except EmailNotValidError:
            yield "email"

    @app.post("/users")
    async def create_user(request: Request):
        try:
            body = json.loads(await request.body())
        except (ValueError, RecursionError):
            return error_response(400, "This is no JSON.")
        wrong = list(misfits(body))
        if wrong:
            return error_response(422, "Not accepted.", members=wrong)
        return JSONResponse(users.add(**body), 201)


def refuse_invalid(app):
    @app.exception_handler(RequestValidationError)
    async def refuse(request, error):
        return error_response(422, "The request does not fit.")


# %% secrets
def read_settings():
    problems, values = [], {}
    for name in ("API_KEY", "DOWNSTREAM_TOKEN"):
        parts = os.environ.get(name, "").split(",") if name == "API_KEY" else [os.environ.get(name, "")]
        values[name] = [part.strip() for part in parts if part.strip()]
        if not values[name] or any(len(part) < 16 or "changeme" in part for part in values[name]):
            problems.append(name)
    if problems:
        log.critical("not starting: %s must be set to real secrets", " and ".join(problems))
        sys.exit(78)
    return lambda name: values[name]


def is_valid_key(given, settings):
    return any(secrets.compare_digest(given.encode(), key.encode()) for key in settings("API_KEY"))


async def ask_downstream(client, path, settings):
    request = client.build_request("GET", path)
    request.headers["authorization"] = f"Bearer {settings('DOWNSTREAM_TOKEN')[0]}"
    return await client.send(request)
