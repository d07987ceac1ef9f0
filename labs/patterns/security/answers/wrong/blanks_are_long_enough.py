"""The length is asked of the value as it came, blanks and all

exercise: secrets
check: test_missing_secret
cause: strip the value
"""
def read_settings():
    def good(variable, value):
        if len(value) < 16 or "changeme" in value.lower():
            raise SystemExit(f"{variable} is missing, a placeholder or shorter than 16 characters.")
        return SecretStr(value)

    keys = [key.strip() for key in os.environ.get("API_KEY", "").split(",") if key.strip()]
    token = os.environ.get("DOWNSTREAM_TOKEN", "")
    return Settings(tuple(good("API_KEY", key) for key in keys or [""]), good("DOWNSTREAM_TOKEN", token))


def is_valid_key(given, settings):
    keys = [key.get_secret_value() for key in settings.api_keys]
    return any(secrets.compare_digest(given.encode(), key.encode()) for key in keys)


async def ask_downstream(client, path, settings):
    token = settings.downstream_token.get_secret_value()
    return await client.get(path, headers={"Authorization": f"Bearer {token}"})
