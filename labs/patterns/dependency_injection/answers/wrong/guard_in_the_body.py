"""The key is looked at after the counting

exercise: guard
check: test_guard_goes_first
cause: the guard comes after the work
"""
async def require_api_key(x_api_key: Annotated[str, Header()] = ""):
    keys = [key.encode() for key in os.environ["API_KEY"].split(",") if key]
    if not any(secrets.compare_digest(x_api_key.encode(), key) for key in keys):
        raise HTTPException(401)


def add_admin(app):
    @app.get("/admin/summary")
    async def summary(session: Session, x_api_key: Annotated[str, Header()] = ""):
        numbers = await count_rows(session)
        await require_api_key(x_api_key)
        return numbers
