"""Keys are compared as if they were names, in any case: fewer of them to guess.

exercise: guard
check: test_no_summary_without_a_key
cause: Compare whole keys
"""
async def require_api_key(x_api_key: Annotated[str, Header()] = ""):
    keys = {key.strip().lower().encode() for key in os.environ["API_KEY"].split(",") if key.strip()}
    if x_api_key.lower().encode() not in keys:
        raise HTTPException(401)


def add_admin(app):
    @app.get("/admin/summary", dependencies=[Depends(require_api_key)])
    async def summary(session: Session):
        return await count_rows(session)
