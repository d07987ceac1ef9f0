"""The guard is written and hangs on nothing

exercise: guard
check: test_no_summary_without_a_key
cause: call require_api_key for this route
"""
async def require_api_key(x_api_key: Annotated[str, Header()] = ""):
    keys = [key.encode() for key in os.environ["API_KEY"].split(",") if key]
    if not any(secrets.compare_digest(x_api_key.encode(), key) for key in keys):
        raise HTTPException(401)


def add_admin(app):
    @app.get("/admin/summary")
    async def summary(session: Session):
        return await count_rows(session)
