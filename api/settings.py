"""How the API is served, read from `TINYNAS_...` variables; an insecure combination is refused."""

from __future__ import annotations

from ipaddress import ip_address

from pydantic import Field, SecretStr, model_validator

from api.store import StoreSettings

DEFAULT_PORT = 8000
MIN_KEY_LENGTH = 16


class Settings(StoreSettings):
    """Listens on loopback without a key, elsewhere only with one."""

    host: str = "127.0.0.1"
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535)
    api_key: SecretStr | None = Field(default=None, min_length=MIN_KEY_LENGTH)
    event_poll_seconds: float = Field(default=0.2, gt=0, le=10)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the API."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False

    @model_validator(mode="after")
    def _refuse_open_doors(self) -> Settings:
        if self.api_key is None and not self.loopback:
            raise ValueError(
                f"refuses to listen on {self.host} without an API key: set TINYNAS_API_KEY "
                f"({MIN_KEY_LENGTH} characters or more), or listen on 127.0.0.1"
            )
        return self
