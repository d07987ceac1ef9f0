"""SQL as text on the engine's connections, drops all at once, an explicit rollback."""
# %% truth_and_copy
async def read_user(resources, user_id):
    async def load():
        async with resources.sessions() as session:
            rows = await session.execute(text("SELECT id, name, email FROM users WHERE id = :id"), {"id": user_id})
            row = rows.mappings().first()
            return User(**row) if row else None

    if (user := await resources.copies.read(user_id, load)) is not None:
        return user
    raise NotFound


async def write_users(resources, work):
    session = resources.sessions()
    try:
        users = await work(session)
        await session.commit()
    except BaseException:
        await session.rollback()
        raise
    finally:
        await session.close()
    results = await asyncio.gather(*(resources.copies.drop(user.id) for user in users), return_exceptions=True)
    for user, result in zip(users, results, strict=True):
        if isinstance(result, AWAY):
            log.warning("copy_not_dropped", user_id=user.id)
        elif isinstance(result, BaseException):
            raise result
    return users


# %% money
async def pay_order(resources, order_id, payment, given_key):
    async with resources.sessions() as session:
        found = await session.execute(text("SELECT status FROM orders WHERE id = :id"), {"id": order_id})
        status = found.scalar_one_or_none()
    if status is None:
        raise NotFound
    if status != "open":
        raise Conflict
    try:
        decline_bad_cards(payment)
    except PaymentDeclined as error:
        log.error("payment_failed", order_id=order_id, exc_info=error)
        raise
    order = await find_order(resources, order_id)
    await resources.downstream.pay(order, given_key or hashlib.sha256(f"order {order_id}".encode()).hexdigest())
    async with resources.sessions.begin() as session:
        await session.execute(text("UPDATE orders SET status = 'paid' WHERE id = :id"), {"id": order_id})
    log.info("order_paid", order_id=order_id)
    return order.model_copy(update={"status": "paid"})
