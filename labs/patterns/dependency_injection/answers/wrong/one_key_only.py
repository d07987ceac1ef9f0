"""API_KEY is compared as a whole

exercise: guard
check: test_summary_for_those_with_a_key
cause: each of them opens the summary
"""
async def require_api_key(x_api_key: Annotated[str, Header()] = ""):
    if not secrets.compare_digest(x_api_key.encode(), os.environ["API_KEY"].encode()):
        raise HTTPException(401)


def add_admin(app):
    @app.get("/admin/summary", dependencies=[Depends(require_api_key)])
    async def summary(session: Session):
        return await count_rows(session)
