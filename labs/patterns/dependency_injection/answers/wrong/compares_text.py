"""compare_digest gets text

exercise: guard
check: test_odd_key_is_refused
cause: raises TypeError for such a str
"""
async def require_api_key(x_api_key: Annotated[str, Header()] = ""):
    keys = [key for key in os.environ["API_KEY"].split(",") if key]
    if not any(secrets.compare_digest(x_api_key, key) for key in keys):
        raise HTTPException(401)


def add_admin(app):
    @app.get("/admin/summary", dependencies=[Depends(require_api_key)])
    async def summary(session: Session):
        return await count_rows(session)
