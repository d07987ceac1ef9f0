"""Nobody looks whether the order is still open when the payment is recorded.

exercise: money
check: test_double_click
cause: answers None to the one that comes second
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
    await resources.downstream.pay(order, given_key or f"payment-of-order-{order_id}")
    async with resources.sessions.begin() as session:
        paid = await Orders(session).mark_paid(order_id)
    log.info("order_paid", order_id=order_id)
    return paid
