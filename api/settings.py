"""How the API is served, read from `TINYNAS_...` variables; an insecure combination is refused."""

from __future__ import annotations

from ipaddress import ip_address

from pydantic import Field, SecretStr

from api.store import StoreSettings

DEFAULT_PORT = 8000
MIN_KEY_LENGTH = 16


class Settings(StoreSettings):
    """Listens on loopback without a key, elsewhere only with one.

    api_key: the operator's; others are made with `tinynas keys create`.
    requests_per_minute, previews_per_minute: of one key (of one address where there is none);
        0 for no limit.  Previews and estimates are counted each for itself.
    failures_per_minute: requests with a wrong key or none, of one address.
    max_active_jobs: how many jobs of one owner may wait or run.
    max_listeners: how many event streams one owner may follow at a time.
    max_upload_bytes, max_unpacked_bytes, max_images: of one data set.
    max_stored_bytes: of all data sets of one owner.
    min_free_bytes: an upload that would leave less of the disk is refused.
    """

    host: str = "127.0.0.1"
    port: int = Field(default=DEFAULT_PORT, ge=0, le=65535)
    api_key: SecretStr | None = Field(default=None, min_length=MIN_KEY_LENGTH)
    event_poll_seconds: float = Field(default=0.2, gt=0, le=10)
    requests_per_minute: int = Field(default=3000, ge=0)
    previews_per_minute: int = Field(default=120, ge=0)
    failures_per_minute: int = Field(default=60, ge=0)
    max_active_jobs: int = Field(default=100, ge=1)
    max_listeners: int = Field(default=256, ge=1)
    max_upload_bytes: int = Field(default=2 << 30, ge=1)
    max_unpacked_bytes: int = Field(default=4 << 30, ge=1)
    max_images: int = Field(default=200_000, ge=1)
    max_stored_bytes: int = Field(default=32 << 30, ge=1)
    min_free_bytes: int = Field(default=1 << 30, ge=0)

    @property
    def loopback(self) -> bool:
        """Whether only this machine can reach the API."""
        if self.host == "localhost":
            return True
        try:
            return ip_address(self.host).is_loopback
        except ValueError:
            return False
