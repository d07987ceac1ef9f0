"""Settings of plain text, which are logged at the start

exercise: secrets
check: test_secrets_stay_inside
cause: is in the log
"""
def read_settings():
    def good(variable, value):
        if len(value) < 16 or "changeme" in value:
            raise SystemExit(f"{variable} is missing, a placeholder or shorter than 16 characters.")
        return value

    keys = [key.strip() for key in os.environ.get("API_KEY", "").split(",") if key.strip()]
    token = os.environ.get("DOWNSTREAM_TOKEN", "").strip()
    return Settings(tuple(good("API_KEY", key) for key in keys or [""]), good("DOWNSTREAM_TOKEN", token))


def is_valid_key(given, settings):
    keys = [key for key in settings.api_keys]
    return any(secrets.compare_digest(given.encode(), key.encode()) for key in keys)


async def ask_downstream(client, path, settings):
    token = settings.downstream_token
    return await client.get(path, headers={"Authorization": f"Bearer {token}"})
