"""Classes and FastAPI's own security scheme as dependencies
"""
# %% session
class SessionFor:
    async def __call__(self, resources: FromLifespan):
        session = AsyncSession(resources.engine, expire_on_commit=False)
        try:
            yield session
        finally:
            await session.close()


get_session = SessionFor()
Session = Annotated[AsyncSession, Depends(get_session)]


class get_users(Users):
    def __init__(self, session: Session, redis: Cache):
        super().__init__(session, redis)


class get_orders(Orders):
    def __init__(self, session: Session):
        super().__init__(session)
# %% guard
from fastapi import APIRouter
from fastapi.security import APIKeyHeader


class RequireKey:
    async def __call__(self, given: Annotated[str | None, Depends(APIKeyHeader(name="X-API-Key", auto_error=False))]):
        digest = hashlib.sha256((given or "").encode()).digest()
        known = [hashlib.sha256(key.encode()).digest() for key in filter(None, os.environ["API_KEY"].split(","))]
        if digest not in known:
            raise HTTPException(401, "No.", headers={"WWW-Authenticate": "ApiKey"})


def add_admin(app):
    admin = APIRouter(prefix="/admin", dependencies=[Depends(RequireKey())])

    @admin.get("/summary")
    async def summary(session: Session):
        return await count_rows(session)

    app.include_router(admin)
