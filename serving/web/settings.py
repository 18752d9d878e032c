"""How the application is served."""

import re
from ipaddress import ip_network

from pydantic import BaseModel, ConfigDict, Field, field_validator


class WebSettings(BaseModel):
    """Where `forewarn serve` listens, who is let in and what it shows."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    host: str = "127.0.0.1"
    port: int = Field(default=8700, ge=1, le=65_535)
    address: str = ""
    session_hours: float = Field(default=12.0, gt=0, le=24 * 90)
    user_header: str = ""
    trusted_proxies: tuple[str, ...] = ()
    page_rows: int = Field(default=20, ge=5, le=200)
    capacity_per_owner: int = Field(default=0, ge=0)
    timezone: str = ""
    plays: dict[str, str] = Field(default_factory=dict)

    @field_validator("address")
    @classmethod
    def _an_address(cls, address: str) -> str:
        if address and not re.fullmatch(r"https?://[^\s/]+", address):
            raise ValueError("must be an address without a path, such as https://churn.example.com")
        return address

    @field_validator("user_header")
    @classmethod
    def _a_header(cls, name: str) -> str:
        if name and not re.fullmatch(r"[A-Za-z][A-Za-z0-9-]*", name):
            raise ValueError("must be the name of a header, such as X-Forwarded-User")
        return name

    @field_validator("trusted_proxies")
    @classmethod
    def _networks(cls, proxies: tuple[str, ...]) -> tuple[str, ...]:
        for proxy in proxies:
            try:
                ip_network(proxy)
            except ValueError:
                raise ValueError(f"{proxy!r} is no address or network, such as 10.0.0.5 or 10.0.0.0/8") from None
        return proxies

    @field_validator("timezone")
    @classmethod
    def _zone(cls, name: str) -> str:
        from zoneinfo import available_timezones

        if name and name not in available_timezones():
            raise ValueError("must be a time zone by its name, such as Europe/Berlin")
        return name

    @property
    def secure(self) -> bool:
        """Whether people reach the application by https, so that cookies need it."""
        return self.address.startswith("https://")
