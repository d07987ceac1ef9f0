"""A Pydantic model as the answer.

exercise: about
"""
from pydantic import BaseModel


class About(BaseModel):
    service: str
    version: str


def about() -> About:
    return About(service=os.environ["SERVICE_NAME"], version=os.environ["APP_VERSION"])
