"""Asks for all of the addresses, then writes

exercise: import_users
check: test_somebody_was_faster_than_the_import
cause: A look before the write
"""
async def import_users(engine, people):
    hashes = [hash_password(new.password) for new in people]
    emails = [new.email for new in people]
    async with unit_of_work(engine) as session:
        taken = await session.scalar(select(func.count()).where(UserRow.email.in_(emails)))
        if taken or len(set(emails)) < len(emails):
            raise ConflictError("Some of the addresses are taken.")
        rows = [
            UserRow(name=new.name, email=new.email, age=new.age, password_hash=password_hash)
            for new, password_hash in zip(people, hashes, strict=True)
        ]
        session.add_all(rows)
        await session.flush()
    return rows
