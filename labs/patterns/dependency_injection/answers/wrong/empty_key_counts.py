"""An empty part of API_KEY is a key

exercise: guard
check: test_no_summary_without_a_key
cause: an empty part of API_KEY
"""
async def require_api_key(x_api_key: Annotated[str, Header()] = ""):
    keys = [key.encode() for key in os.environ["API_KEY"].split(",")]
    if not any(secrets.compare_digest(x_api_key.encode(), key) for key in keys):
        raise HTTPException(401)


def add_admin(app):
    @app.get("/admin/summary", dependencies=[Depends(require_api_key)])
    async def summary(session: Session):
        return await count_rows(session)
