"""`in` instead of a comparison

exercise: guard
check: test_no_summary_without_a_key
cause: Compare whole keys
"""
async def require_api_key(x_api_key: Annotated[str, Header()] = ""):
    if not x_api_key or x_api_key not in os.environ["API_KEY"]:
        raise HTTPException(401)


def add_admin(app):
    @app.get("/admin/summary", dependencies=[Depends(require_api_key)])
    async def summary(session: Session):
        return await count_rows(session)
