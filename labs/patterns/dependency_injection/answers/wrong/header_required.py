"""The header is required by the framework

exercise: guard
check: test_no_summary_without_a_key
cause: the header is required
"""
async def require_api_key(x_api_key: Annotated[str, Header()]):
    keys = [key.encode() for key in os.environ["API_KEY"].split(",") if key]
    if not any(secrets.compare_digest(x_api_key.encode(), key) for key in keys):
        raise HTTPException(401)


def add_admin(app):
    @app.get("/admin/summary", dependencies=[Depends(require_api_key)])
    async def summary(session: Session):
        return await count_rows(session)
