"""A session per request by Depends, and an explicit commit in each route that writes

exercise: references
"""
from fastapi import Depends, HTTPException
from sqlalchemy.ext.asyncio import async_sessionmaker as maker


def create_app():
    engine = create_async_engine(os.environ["DATABASE_URL"])
    sessions = maker(engine, expire_on_commit=False)

    @event.listens_for(engine.sync_engine, "connect")
    def on_connect(connection, record):
        connection.execute("PRAGMA foreign_keys = 1").close()

    @asynccontextmanager
    async def lifespan(app):
        yield
        await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    @app.exception_handler(HTTPException)
    async def answer(request, error):
        codes = {404: "NOT_FOUND", 409: "CONFLICT"}
        body = {"error": codes[error.status_code], "message": error.detail, "correlation_id": "-"}
        return JSONResponse(body, error.status_code)

    async def get_session():
        async with sessions() as session:
            yield session

    Session = Annotated[AsyncSession, Depends(get_session)]

    async def commit(session):
        try:
            await session.commit()
        except IntegrityError as error:
            if "FOREIGN KEY" in str(error):
                raise HTTPException(404, "no such user") from None
            raise HTTPException(409, "taken") from None

    async def find(session, kind, ident):
        if (row := await session.get(kind, ident)) is None:
            raise HTTPException(404, "not here")
        return row

    @app.post("/users", status_code=201, response_model=User)
    async def create_user(new: NewUser, session: Session):
        row = UserRow(name=new.name, email=new.email, age=new.age, password_hash=hash_password(new.password))
        session.add(row)
        await commit(session)
        return row

    @app.post("/users/import", status_code=201, response_model=list[User])
    async def create_users(people: list[NewUser], session: Session):
        rows = [
            UserRow(name=new.name, email=new.email, age=new.age, password_hash=hash_password(new.password))
            for new in people
        ]
        session.add_all(rows)
        await commit(session)
        return rows

    @app.get("/users")
    async def list_users(session: Session, page: int = 1, page_size: int = 20):
        query = select(UserRow).order_by(UserRow.created_at.desc(), UserRow.id.desc())
        rows = (await session.scalars(query.limit(page_size).offset(page_size * (page - 1)))).all()
        total = await session.scalar(select(func.count(UserRow.id)))
        return {"items": [User.model_validate(row) for row in rows], "total": total}

    @app.get("/users/{user_id}", response_model=User)
    async def get_user(user_id: int, session: Session):
        return await find(session, UserRow, user_id)

    @app.put("/users/{user_id}", response_model=User)
    async def put_user(user_id: int, person: Person, session: Session):
        row = await find(session, UserRow, user_id)
        row.name, row.email = person.name, person.email
        await commit(session)
        return row

    @app.delete("/users/{user_id}", status_code=204)
    async def delete_user(user_id: int, session: Session):
        await session.delete(await find(session, UserRow, user_id))
        await commit(session)

    @app.get("/users/{user_id}/orders", response_model=list[Order])
    async def get_orders(user_id: int, session: Session):
        row = await find(session, UserRow, user_id)
        await session.refresh(row, ["orders"])
        return row.orders

    @app.get("/customers", response_model=list[Customer])
    async def customers(session: Session, limit: int = 20):
        query = select(UserRow).options(selectinload(UserRow.orders)).limit(limit)
        return (await session.scalars(query.order_by(UserRow.created_at.desc(), UserRow.id.desc()))).all()

    @app.post("/orders", status_code=201, response_model=Order)
    async def create_order(new: NewOrder, session: Session):
        row = OrderRow(**new.model_dump())
        session.add(row)
        await commit(session)
        await session.refresh(row)
        return row

    @app.get("/orders/{order_id}", response_model=Order)
    async def get_order(order_id: int, session: Session):
        return await find(session, OrderRow, order_id)

    @app.post("/drills/insert-and-fail")
    async def drill(person: Person, session: Session):
        session.add(UserRow(name=person.name, email=person.email, password_hash="-"))
        await session.flush()
        raise RuntimeError("drill")

    return app
