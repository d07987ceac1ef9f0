"""Pydantic's default: convert what can be converted

exercise: sign_up
check: test_types_are_types
cause: converts what it can
"""
def add_sign_up(app, users):
    def plain(address):
        if isinstance(address, str) and "<" in address:
            raise ValueError("not a plain address")
        return address

    class NewUser(BaseModel):
        model_config = ConfigDict(extra="forbid")

        name: str = Field(max_length=200)
        email: Annotated[EmailStr, BeforeValidator(plain)]
        password: SecretStr = Field(min_length=8, max_length=128)
        age: int | None = Field(default=None, ge=0, le=150)

    @app.post("/users", status_code=201)
    async def create_user(new: NewUser) -> dict[str, Any]:
        return users.add(name=new.name, email=new.email, password=new.password.get_secret_value(), age=new.age)


def refuse_invalid(app):
    @app.exception_handler(RequestValidationError)
    async def refuse(request: Request, error: RequestValidationError) -> Response:
        fields = [{"field": ".".join(map(str, item["loc"])), "problem": item["type"]} for item in error.errors()]
        return error_response(422, "The request does not fit.", fields=fields)
