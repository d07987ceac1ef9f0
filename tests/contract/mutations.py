"""What breaks the contract: one sentence of docs/contract.md each, by a change of plain_starlette."""

from __future__ import annotations

from typing import NamedTuple


class Mutation(NamedTuple):
    file: str
    old: str
    new: str
    lab: str
    check: str  # the one that has to fail


MUTATIONS = {
    # logs
    "a field replaces a standard one": Mutation(
        "logs.py",
        'target = f"{name}_" if name in OWN else name',
        "target = name",
        "structured_logging",
        "test_fields_do_not_replace_standard_ones",
    ),
    "NaN is no JSON": Mutation(
        "logs.py",
        "return float(value) if math.isfinite(value) else str(float(value))",
        "return float(value)",
        "structured_logging",
        "test_odd_values_are_written",
    ),
    "a time without an offset": Mutation(
        "logs.py",
        "datetime.fromtimestamp(record.created, UTC)",
        "datetime.fromtimestamp(record.created)",
        "structured_logging",
        "test_timestamp_has_an_offset",
    ),
    "the level stands for the service's own lines only": Mutation(
        "logs.py",
        "root.setLevel(settings.level)",
        "root.setLevel(0), log.setLevel(settings.level)",
        "structured_logging",
        "test_level_holds_for_everybody",
    ),
    "no correlation id in the lines": Mutation(
        "logs.py",
        "(current := correlation.get()) is not None",
        "(current := correlation.get()) is None",
        "structured_logging",
        "test_given_id_is_on_the_record",
    ),
    # correlation
    "a short id is taken over": Mutation("edge.py", "{8,64}", "{1,64}", "correlation", "test_hostile_id_is_replaced"),
    "only the beginning of an id is looked at": Mutation(
        "edge.py",
        're.fullmatch(r"[A-Za-z0-9._-]{8,64}"',
        're.match(r"[A-Za-z0-9._-]{8,64}"',
        "correlation",
        "test_hostile_id_is_replaced",
    ),
    "a crash has no id": Mutation(
        "edge.py",
        'out["X-Correlation-ID"] = current',
        'out["X-Correlation-ID" if status < 500 else "X-Other"] = current',
        "correlation",
        "test_crash_has_the_header",
    ),
    "the id stays here": Mutation(
        "downstream.py",
        '{"X-Correlation-ID": correlation.get(), **(headers or {})}',
        "{**(headers or {})}",
        "correlation",
        "test_call_carries_the_id",
    ),
    # errors
    "a crash says why": Mutation(
        "errors.py",
        "        status = 500\n",
        "        status, message = 500, str(error)\n",
        "exceptions",
        "test_crash_tells_the_caller_nothing",
    ),
    "an error's headers are lost": Mutation(
        "errors.py",
        "status, headers = error.status_code, error.headers",
        "status = error.status_code",
        "exceptions",
        "test_challenge_stays",
    ),
    "a crash is logged twice": Mutation(
        "edge.py",
        "            await error_answer(error)(scope",
        '            say(logging.ERROR, "crashed", error)\n            await error_answer(error)(scope',
        "exceptions",
        "test_crash_is_logged_once",
    ),
    "a broken transfer ends well": Mutation(
        "edge.py",
        'say(logging.ERROR, "answer_broken", error)\n                raise',
        'say(logging.ERROR, "answer_broken", error)\n                return await send({"type": "http.response.body"})',
        "exceptions",
        "test_broken_transfer",
    ),
    "a refusal repeats the value": Mutation(
        "intake.py",
        'return "is not an integer"',
        'return f"{value} is not an integer"',
        "exceptions",
        "test_no_input_is_echoed",
    ),
    # the process
    "the beginning of a key opens": Mutation(
        "edge.py",
        "hmac.compare_digest(key, known.encode())",
        "known.encode().startswith(key)",
        "dependency_injection",
        "test_no_summary_without_a_key",
    ),
    "a failed request leaves its row": Mutation(
        "drills.py",
        'raise RuntimeError("after the insert")',
        'await connection.commit()\n            raise RuntimeError("after the insert")',
        "dependency_injection",
        "test_error_rolls_back",
    ),
    "a client for each call": Mutation(
        "downstream.py",
        "await self.client.request(",
        "await httpx.AsyncClient(headers=self.client.headers, trust_env=False).request(",
        "dependency_injection",
        "test_connections_are_shared",
    ),
    # pages
    "a filter does not count": Mutation(
        "shop.py",
        "select(func.count()).select_from(table).where(*filters)",
        "select(func.count()).select_from(table)",
        "pagination",
        "test_filter_counts",
    ),
    "equals have no order": Mutation(
        "shop.py",
        "newest = (table.c.created_at.desc(), table.c.id.desc())",
        "newest = (table.c.created_at.desc(),)",
        "pagination",
        "test_every_user_once",
    ),
    "a cursor is a moment": Mutation(
        "shop.py",
        "(moment < after) | ((moment == after) & (orders.c.id < last))",
        "moment < after",
        "pagination",
        "test_feed_crosses_ties",
    ),
    "a page size is clamped": Mutation(
        "intake.py",
        "not 1 <= int(given) <= most:",
        "int(given) < 1:",
        "pagination",
        "test_page_size_has_two_bounds",
    ),
    # health
    "draining is forgotten": Mutation("health.py", " or self.draining", "", "health", "test_drain_ends_readiness"),
    "any database will do": Mutation(
        "health.py",
        "select(users.c.id).limit(1)",
        "select(1)",
        "health",
        "test_database_is_asked_what_matters",
    ),
    "a failed start is the last": Mutation(
        "health.py",
        "failures -= 1",
        "return",
        "health",
        "test_a_failed_start_is_tried_again",
    ),
    # cache
    "a copy lives for ever": Mutation(
        "cache.py",
        'self.client.set(f"user:{user_id}", value, ex=seconds)',
        'self.client.set(f"user:{user_id}", value)',
        "caching",
        "test_a_copy_expires",
    ),
    "a deletion leaves the copy": Mutation(
        "shop.py",
        "            await self.cache.changed(user_id)\n        return Response(status_code=204)",
        "            pass\n        return Response(status_code=204)",
        "caching",
        "test_a_deleted_user_is_gone_at_once",
    ),
    "an absence is remembered for an hour": Mutation(
        "cache.py", "random.randint(20, 30)", "3000", "caching", "test_nobody_is_remembered_briefly"
    ),
    "a copy is believed": Mutation(
        "cache.py",
        "except (ValueError, TypeError, KeyError, RecursionError):",
        "except LookupError:",
        "caching",
        "test_an_unreadable_copy_is_a_miss",
    ),
    "a crowd hands on what a write has changed": Mutation(
        "cache.py",
        "            self.flights.pop(user_id, None)\n            self.unsaid",
        "            self.unsaid",
        "caching",
        "test_a_read_after_a_write_sees_it",
    ),
    "all copies expire at once": Mutation(
        "cache.py", "random.randint(60, 90)", "75", "caching", "test_expiries_are_spread"
    ),
    # downstream
    "one fault is hidden, two are not": Mutation(
        "downstream.py", "attempts=3", "attempts=2", "retry", "test_two_faults_are_hidden"
    ),
    "a 500 is tried again": Mutation(
        "downstream.py",
        "frozenset({429, 502, 503, 504})",
        "frozenset({429, 500, 502, 503, 504})",
        "retry",
        "test_final_errors_are_asked_once",
    ),
    "a notification is sent again": Mutation(
        "shop.py", "attempts=1", "attempts=3", "retry", "test_notification_is_sent_once"
    ),
    "each payment has a key of its own": Mutation(
        "shop.py",
        "uuid.uuid5(uuid.NAMESPACE_OID, f\"{order_id} {order.pop('created_at')}\").hex",
        'uuid.uuid4().hex if order.pop("created_at") else ""',
        "retry",
        "test_one_key_per_order",
    ),
    "nonsense is an accident": Mutation(
        "shop.py", "raise Problem(502) from error", "raise error", "retry", "test_nonsense_is_a_bad_gateway"
    ),
    "words are a price": Mutation(
        "shop.py", "type(price) is not int or price < 0", "price is None", "retry", "test_nonsense_is_a_bad_gateway"
    ),
    "the caller's key is ignored": Mutation(
        "shop.py", "            key = given\n", "            pass\n", "retry", "test_callers_key_is_used"
    ),
    "Retry-After is ignored": Mutation("downstream.py", ", wait or 0)", ", 0)", "retry", "test_retry_after_is_obeyed"),
    # rows
    "an e-mail that is taken is an accident": Mutation(
        "shop.py",
        'name=body["name"], email=body["email"])\n                if not (await connection.execute(change)).rowcount:\n'
        "                    raise Problem(404)\n        except exc.IntegrityError:",
        'name=body["name"], email=body["email"])\n                if not (await connection.execute(change)).rowcount:\n'
        "                    raise Problem(404)\n        except exc.NoResultFound:",
        "repository",
        "test_taken_is_a_conflict",
    ),
    "orders outlive their user": Mutation(
        "shop.py",
        "orders.delete().where(orders.c.user_id == user_id)",
        "orders.delete().where(orders.c.user_id == -1)",
        "repository",
        "test_orders_go_with_their_user",
    ),
    "a list loads what it does not show": Mutation(
        "shop.py",
        "select(*ORDER_COLUMNS).where(orders.c.user_id.in_(found))",
        "select(*ORDER_COLUMNS)",
        "repository",
        "test_only_what_is_shown_is_loaded",
    ),
    # security
    "everybody is told to use HTTPS": Mutation(
        "edge.py",
        'if scope.get("scheme") == "https" or forwarded:',
        "if True:",
        "security",
        "test_https_only_where_it_is",
    ),
    "unknown members are let in": Mutation(
        "intake.py", "if name not in rules:", "if name in ():", "security", "test_unknown_members"
    ),
    "any body is read": Mutation("edge.py", "LIMIT = 64 * 1024", "LIMIT = 10**9", "security", "test_chunked_body"),
    "a placeholder is a secret": Mutation(
        "settings.py", '"changeme" in value', '"change_me" in value', "security", "test_bad_secret"
    ),
}
