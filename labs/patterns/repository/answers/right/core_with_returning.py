"""No ORM: connections, Core statements with RETURNING, and an INSERT that looks by itself

exercise: references
"""
from sqlalchemy import insert, literal, update


def create_app():
    engine = create_async_engine(os.environ["DATABASE_URL"], pool_size=3)
    users, orders = UserRow.__table__, OrderRow.__table__
    shown = (users.c.id, users.c.name, users.c.email)
    newest = (users.c.created_at.desc(), users.c.id.desc())
    ordered = (orders.c.id, orders.c.user_id, orders.c.item, orders.c.amount, orders.c.status)

    @asynccontextmanager
    async def lifespan(app):
        try:
            yield
        finally:
            await engine.dispose()

    app = FastAPI(lifespan=lifespan)

    def error(status, code):
        return JSONResponse({"error": code, "message": code.lower(), "correlation_id": ""}, status)

    @app.exception_handler(IntegrityError)
    async def taken(request, problem):
        return error(409, "CONFLICT")

    @app.exception_handler(LookupError)
    async def absent(request, problem):
        return error(404, "NOT_FOUND")

    def one(result):
        row = result.mappings().one_or_none()
        if row is None:
            raise LookupError
        return dict(row)

    def values(new):
        return {**new.model_dump(exclude={"password"}), "password_hash": hash_password(new.password)}

    @app.post("/users", status_code=201)
    async def create_user(new: NewUser):
        async with engine.begin() as connection:
            return one(await connection.execute(insert(users).values(values(new)).returning(*shown)))

    @app.post("/users/import", status_code=201)
    async def create_users(people: list[NewUser]):
        if not people:
            return []
        rows = [values(new) for new in people]
        async with engine.begin() as connection:
            statement = insert(users).returning(*shown, sort_by_parameter_order=True)
            return [dict(row) for row in (await connection.execute(statement, rows)).mappings()]

    @app.get("/users")
    async def list_users(page: int = 1, page_size: int = 20):
        async with engine.connect() as connection:
            query = select(*shown).order_by(*newest).limit(page_size).offset((page - 1) * page_size)
            rows = (await connection.execute(query)).mappings().all()
            total = await connection.scalar(select(func.count()).select_from(users))
        return {"items": [dict(row) for row in rows], "total": total, "page": page, "page_size": page_size}

    @app.get("/users/{user_id}")
    async def get_user(user_id: int):
        async with engine.connect() as connection:
            return one(await connection.execute(select(*shown).where(users.c.id == user_id)))

    @app.put("/users/{user_id}")
    async def put_user(user_id: int, person: Person):
        async with engine.begin() as connection:
            change = update(users).where(users.c.id == user_id).values(person.model_dump())
            return one(await connection.execute(change.returning(*shown)))

    @app.delete("/users/{user_id}", status_code=204)
    async def delete_user(user_id: int):
        async with engine.begin() as connection:
            await connection.execute(delete(orders).where(orders.c.user_id == user_id))
            one(await connection.execute(delete(users).where(users.c.id == user_id).returning(users.c.id)))

    @app.get("/users/{user_id}/orders")
    async def get_orders(user_id: int):
        async with engine.connect() as connection:
            one(await connection.execute(select(users.c.id).where(users.c.id == user_id)))
            query = select(*ordered).where(orders.c.user_id == user_id)
            rows = await connection.execute(query.order_by(orders.c.created_at, orders.c.id))
        return [dict(row) for row in rows.mappings()]

    @app.get("/customers")
    async def customers(limit: int = 20):
        async with engine.connect() as connection:
            page = select(*shown).order_by(*newest).limit(limit)
            found = {row["id"]: {**row, "orders": []} for row in (await connection.execute(page)).mappings()}
            query = select(*ordered).where(orders.c.user_id.in_(found)).order_by(orders.c.created_at, orders.c.id)
            for row in (await connection.execute(query)).mappings():
                found[row["user_id"]]["orders"].append(dict(row))
        return list(found.values())

    @app.post("/orders", status_code=201)
    async def create_order(new: NewOrder):
        async with engine.begin() as connection:
            # One statement looks and inserts: nobody comes in between.
            row = select(users.c.id, literal(new.item), literal(new.amount)).where(users.c.id == new.user_id)
            statement = insert(orders).from_select(["user_id", "item", "amount"], row).returning(*ordered)
            return one(await connection.execute(statement))

    @app.get("/orders/{order_id}")
    async def get_order(order_id: int):
        async with engine.connect() as connection:
            return one(await connection.execute(select(*ordered).where(orders.c.id == order_id)))

    @app.post("/drills/insert-and-fail")
    async def drill(person: Person):
        async with engine.begin() as connection:
            await connection.execute(insert(users).values(**person.model_dump(), password_hash="-"))
            raise RuntimeError("drill")

    return app
