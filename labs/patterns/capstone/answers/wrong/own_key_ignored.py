"""The order's key, always: a caller's own is never looked at.

exercise: money
check: test_paid
cause: given_key goes first
"""


async def pay_order(resources, order_id, payment, given_key):
    order = await find_order(resources, order_id)
    if order.status == "paid":
        raise Conflict("This order is paid already.")
    try:
        decline_bad_cards(payment)
    except PaymentDeclined:
        log.exception("payment_failed", order_id=order_id)
        raise
    await resources.downstream.pay(order, f"payment-of-order-{order_id}")
    async with resources.sessions.begin() as session:
        paid = await Orders(session).mark_paid(order_id)
    if paid is None:
        raise Conflict("This order is paid already.")
    log.info("order_paid", order_id=order_id)
    return paid
