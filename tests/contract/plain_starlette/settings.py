"""What the environment says."""

import os

from .logs import LEVELS


class Settings:
    def __init__(self, env=None):
        env = os.environ if env is None else env
        self.name = env.get("SERVICE_NAME", "shop")
        self.version = env.get("APP_VERSION", "0")
        self.environment = env.get("ENVIRONMENT", "dev")
        level = env.get("LOG_LEVEL", "INFO").upper()
        self.level = level if level in LEVELS else "INFO"
        self.database_url = env.get("DATABASE_URL", "sqlite+aiosqlite:///shop.sqlite")
        self.redis_url = env.get("REDIS_URL", "redis://127.0.0.1:6379/0")
        self.downstream_url = env.get("DOWNSTREAM_URL", "http://127.0.0.1:9").rstrip("/")
        self.downstream_token = env.get("DOWNSTREAM_TOKEN", "")
        self.api_keys = [key.strip() for key in env.get("API_KEY", "").split(",") if key.strip()]
        self.startup_seconds = float(env.get("STARTUP_SECONDS") or 0)
        self.startup_failures = int(env.get("STARTUP_FAILURES") or 0)

    def unfit(self) -> list[str]:
        secrets = {"API_KEY": self.api_keys or [""], "DOWNSTREAM_TOKEN": [self.downstream_token]}
        return [
            name
            for name, values in secrets.items()
            if any(len(value.strip()) < 16 or "changeme" in value.lower().replace("-", "") for value in values)
        ]
