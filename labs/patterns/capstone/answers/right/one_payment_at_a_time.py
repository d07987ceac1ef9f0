"""Payments of one order queue up in the process; the record is tried again for a moment."""
# %% money
LOCKS = {}


async def pay_order(resources, order_id, payment, given_key):
    lock = LOCKS.setdefault((id(resources), order_id), asyncio.Lock())
    async with lock:
        order = await find_order(resources, order_id)
        if order.status == "paid":
            raise Conflict
        try:
            decline_bad_cards(payment)
        except PaymentDeclined:
            log.exception("payment_failed", order_id=order_id)
            raise
        await resources.downstream.pay(order, given_key or f"order-{order_id}")
        for last in (False, False, True):
            try:
                async with resources.sessions.begin() as session:
                    paid = await Orders(session).mark_paid(order_id)
                break
            except database_errors.DBAPIError:
                if last:
                    raise
                await asyncio.sleep(0.05)
    if paid is None:
        raise Conflict
    log.info("order_paid", order_id=order_id)
    return paid
