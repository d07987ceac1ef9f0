"""An exit stack closes what was opened, in the opposite order, and everything even if one fails
"""
# %% resources
from contextlib import AsyncExitStack

stacks = {}


async def open_resources():
    stack = AsyncExitStack()
    engine = create_async_engine(os.environ["DATABASE_URL"], pool_size=3, max_overflow=0)
    stack.push_async_callback(engine.dispose)
    redis = await stack.enter_async_context(Redis.from_url(os.environ["REDIS_URL"], max_connections=8))
    http = await stack.enter_async_context(httpx.AsyncClient(base_url=os.environ["DOWNSTREAM_URL"]))
    resources = Resources(engine, redis, http)
    stacks[id(resources)] = stack
    return resources


async def close_resources(resources):
    await stacks.pop(id(resources)).aclose()
# %% session
from sqlalchemy.ext.asyncio import async_sessionmaker


async def get_session(resources: FromLifespan):
    session = async_sessionmaker(resources.engine, expire_on_commit=False)()
    try:
        yield session
    except BaseException:
        await session.rollback()
        raise
    finally:
        await session.close()


Session = Annotated[AsyncSession, Depends(get_session)]


def get_users(session: Session, redis: Cache):
    return Users(session, redis)


def get_orders(session: Session):
    return Orders(session)
