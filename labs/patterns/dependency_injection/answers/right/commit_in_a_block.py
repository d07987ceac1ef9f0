"""Transactions as blocks; the guard is the first parameter; no pool for the file
"""
# %% resources
from sqlalchemy.pool import NullPool
from redis.asyncio import BlockingConnectionPool


async def open_resources():
    pool = BlockingConnectionPool.from_url(os.environ["REDIS_URL"], max_connections=4, timeout=1)
    return Resources(
        create_async_engine(os.environ["DATABASE_URL"], poolclass=NullPool),
        Redis.from_pool(pool),
        httpx.AsyncClient(base_url=os.environ["DOWNSTREAM_URL"], limits=httpx.Limits(max_connections=5)),
    )


async def close_resources(resources):
    await asyncio.gather(resources.http.aclose(), resources.redis.aclose(), resources.engine.dispose())
# %% guard
def require_api_key(request: Request):
    given = request.headers.get("x-api-key", "").encode("latin-1")
    keys = {key.encode() for key in os.environ["API_KEY"].split(",") if key}
    if not sum(secrets.compare_digest(given, key) for key in keys):
        raise HTTPException(401)


def add_admin(app):
    @app.get("/admin/summary")
    async def summary(allowed: Annotated[None, Depends(require_api_key)], session: Session):
        return await count_rows(session)
# %% writes
def add_writes(app):
    @app.post("/users", status_code=201, response_model=User)
    async def create_user(new: NewUser, session: Session, users: Annotated[Users, Depends(get_users)]):
        async with session.begin():
            return await users.add(new)

    @app.delete("/users/{user_id}", status_code=204)
    async def delete_user(
        user_id: int,
        session: Session,
        users: Annotated[Users, Depends(get_users)],
        orders: Annotated[Orders, Depends(get_orders)],
    ):
        async with session.begin():
            await users.remove(user_id)
            await orders.remove_all_of(user_id)
        await users.forget(user_id)
