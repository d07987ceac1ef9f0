"""The route parses the raw body itself with a TypeAdapter and answers what does not fit; a settings model with hidden input."""
# %% sign_up
def add_sign_up(app, users):
    from pydantic import TypeAdapter, ValidationError
    from typing_extensions import NotRequired, TypedDict

    def address(text):
        from email_validator import EmailNotValidError, validate_email

        try:
            return validate_email(text, check_deliverability=False, allow_display_name=False).normalized
        except EmailNotValidError:
            raise ValueError("no address") from None

    class Body(TypedDict):
        __pydantic_config__ = ConfigDict(strict=True, extra="forbid")
        name: str
        email: Annotated[str, AfterValidator(address)]
        password: Annotated[str, Field(min_length=8, max_length=128)]
        age: NotRequired[Annotated[int, Field(ge=0, le=150)] | None]

    adapter = TypeAdapter(Body)

    @app.post("/users", status_code=201)
    async def create_user(request: Request):
        try:
            body = adapter.validate_json(await request.body())
        except ValidationError as error:
            places = [list(item["loc"]) for item in error.errors(include_input=False, include_context=False, include_url=False)]
            return error_response(422, f"These members do not fit: {places}.")
        return users.add(**body)


def refuse_invalid(app):
    @app.exception_handler(RequestValidationError)
    def refuse(request, error):
        return error_response(422, "Does not fit: " + ", ".join(str(item["loc"][-1]) for item in error.errors()))


# %% secrets
def read_settings():
    from pydantic import ValidationError

    Secret = Annotated[SecretStr, Field(min_length=16)]

    class Checked(BaseModel):
        model_config = ConfigDict(hide_input_in_errors=True, frozen=True)
        API_KEY: list[Secret] = Field(min_length=1)
        DOWNSTREAM_TOKEN: Secret

    text = {name: os.environ.get(name, "").strip() for name in ("API_KEY", "DOWNSTREAM_TOKEN")}
    for name, value in text.items():
        if "changeme" in value:
            raise ValueError(f"{name} is a placeholder")
    keys = [part.strip() for part in text["API_KEY"].split(",") if part.strip()]
    try:
        return Checked(API_KEY=keys, DOWNSTREAM_TOKEN=text["DOWNSTREAM_TOKEN"])
    except ValidationError as error:
        raise ValueError(str(error)) from None  # the input is hidden


def is_valid_key(given, settings):
    import hmac

    found = False
    for key in settings.API_KEY:
        found |= hmac.compare_digest(given.encode("utf-8"), key.get_secret_value().encode("utf-8"))
    return found


async def ask_downstream(client, path, settings):
    client.headers["Authorization"] = "Bearer " + settings.DOWNSTREAM_TOKEN.get_secret_value()
    return await client.get(path)
