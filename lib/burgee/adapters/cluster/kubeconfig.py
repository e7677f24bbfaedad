"""Where the API server is and how to be let in: a service account or a kubeconfig.

Files are named, not read, wherever they may be rotated while burgee runs: the token file is read
again when it changes, and CA and client certificates are read by the TLS layer for every new
connection. Certificates that a kubeconfig carries as data are written to a private folder, since
TLS libraries want files; it is removed when the access is closed or the program ends.
"""

import base64
import binascii
import os
import tempfile
import weakref
from collections.abc import Mapping
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import yaml

from burgee.adapters.cluster.tokens import TokenFile
from burgee.errors import InvalidSettings

SERVICE_ACCOUNT = Path("/var/run/secrets/kubernetes.io/serviceaccount")


class KubeAccess:
    """How to reach one API server.

    Attributes:
        server: base URL without a trailing slash.
        verify: False, or the CA file, or True for the system's own trust.
        client_certificate: files of certificate and key, if any.
    """

    def __init__(
        self,
        *,
        server: str,
        verify: bool | str = True,
        client_certificate: tuple[str, str] | None = None,
        token: str = "",
        token_file: TokenFile | None = None,
        folder: "tempfile.TemporaryDirectory[str] | None" = None,
    ) -> None:
        """Keep what the client asks for; `folder` holds certificates given as data."""
        self.server = server.rstrip("/")
        self.verify = verify
        self.client_certificate = client_certificate
        self._token = token
        self._token_file = token_file
        self._cleanup = weakref.finalize(self, folder.cleanup) if folder else None

    def token(self) -> str:
        """The bearer token of this moment, empty where none is used."""
        return self._token_file.read() if self._token_file else self._token

    def close(self) -> None:
        """Remove the files that were made for this access."""
        if self._cleanup:
            self._cleanup()


def access_from_environment(
    environ: Mapping[str, str], *, service_account: Path = SERVICE_ACCOUNT
) -> KubeAccess:
    """KUBECONFIG where it is set, else the service account of the pod.

    Raises:
        InvalidSettings: neither is there, or what is there cannot be used.
    """
    kubeconfig = environ.get("KUBECONFIG", "")
    if kubeconfig:
        return access_from_kubeconfig(_first_existing(kubeconfig))
    host = environ.get("KUBERNETES_SERVICE_HOST", "")
    port = environ.get("KUBERNETES_SERVICE_PORT", "")
    if not host or not port:
        raise InvalidSettings(
            "no API server: set KUBECONFIG, or run in a pod "
            "(KUBERNETES_SERVICE_HOST and KUBERNETES_SERVICE_PORT are not set)"
        )
    authority = f"[{host}]" if ":" in host else host
    token_file = TokenFile(service_account / "token")
    token_file.read()
    return KubeAccess(
        server=f"https://{authority}:{port}",
        verify=str(_existing(service_account / "ca.crt", "the service account's CA")),
        token_file=token_file,
    )


def access_from_kubeconfig(path: Path) -> KubeAccess:
    """The current context of a kubeconfig file.

    Raises:
        InvalidSettings: the file cannot be read, lacks something, or wants what is not supported.
    """
    try:
        config: Any = yaml.safe_load(path.read_text(encoding="utf-8"))
    except (OSError, UnicodeDecodeError, yaml.YAMLError) as error:
        # A YAML error quotes the line it stumbled over, which may be a token.
        raise InvalidSettings(f"cannot read KUBECONFIG {path}: {type(error).__name__}") from None
    if not isinstance(config, dict):
        raise InvalidSettings(f"KUBECONFIG {path} is no mapping")
    context = _named(config, "contexts", "context", config.get("current-context"), path)
    cluster = _named(config, "clusters", "cluster", context.get("cluster"), path)
    user: dict[str, Any] = {}
    if context.get("user"):
        user = _named(config, "users", "user", context.get("user"), path)
    server = str(cluster.get("server") or "")
    if urlsplit(server).scheme not in {"http", "https"}:
        raise InvalidSettings(f"KUBECONFIG {path}: the cluster's server is no http(s) URL")
    _refuse(cluster, ("proxy-url", "tls-server-name"), path)
    _refuse(user, ("exec", "auth-provider", "username", "password", "as"), path)

    folder = tempfile.TemporaryDirectory(prefix="burgee-kube-")
    try:
        files = _Files(base=path.parent, made=Path(folder.name))
        ca_file = files.path_of(cluster, "certificate-authority")
        client = files.client_certificate(user)
        token_path = user.get("tokenFile")
        token_file = TokenFile(path.parent / str(token_path)) if token_path else None
        insecure = cluster.get("insecure-skip-tls-verify") is True
        return KubeAccess(
            server=server,
            verify=False if insecure else (ca_file or True),
            client_certificate=client,
            token="" if token_file else str(user.get("token") or ""),
            token_file=token_file,
            folder=folder,
        )
    except BaseException:
        folder.cleanup()
        raise


class _Files:
    """Certificates of a kubeconfig, as files whichever way they were given."""

    def __init__(self, *, base: Path, made: Path) -> None:
        self._base = base
        self._made = made

    def client_certificate(self, user: Mapping[str, Any]) -> tuple[str, str] | None:
        """The files of certificate and key, which come only together."""
        certificate = self.path_of(user, "client-certificate")
        key = self.path_of(user, "client-key")
        if bool(certificate) is not bool(key):
            raise InvalidSettings("KUBECONFIG: client-certificate and client-key belong together")
        return (certificate, key) if certificate and key else None

    def path_of(self, section: Mapping[str, Any], key: str) -> str | None:
        """The file of `key`: data wins over a path, as in kubectl; paths start at the file."""
        data = section.get(f"{key}-data")
        if data:
            try:
                decoded = base64.b64decode(str(data), validate=True)
            except (binascii.Error, ValueError):
                raise InvalidSettings(f"KUBECONFIG: {key}-data is no base64") from None
            target = self._made / f"{key}.pem"
            with os.fdopen(os.open(target, os.O_CREAT | os.O_WRONLY, 0o600), "wb") as out:
                out.write(decoded)
            return str(target)
        named = section.get(key)
        return str(_existing(self._base / str(named), key)) if named else None


def _first_existing(paths: str) -> Path:
    """KUBECONFIG may list several files; the first that exists is used, without merging."""
    listed = [Path(item).expanduser() for item in paths.split(os.pathsep) if item]
    for path in listed:
        if path.is_file():
            return path
    raise InvalidSettings(f"KUBECONFIG names no file that exists: {paths}")


def _existing(path: Path, what: str) -> Path:
    if not path.is_file():
        raise InvalidSettings(f"{what}: there is no file {path}")
    return path


def _named(
    config: Mapping[str, Any], section: str, inner: str, name: object, path: Path
) -> dict[str, Any]:
    items = config.get(section)
    for item in items if isinstance(items, list) else []:
        if isinstance(item, dict) and item.get("name") == name and name:
            found = item.get(inner)
            if isinstance(found, dict):
                return found
    raise InvalidSettings(f"KUBECONFIG {path}: {section} has no entry named {name!r}")


def _refuse(section: Mapping[str, Any], keys: tuple[str, ...], path: Path) -> None:
    found = [key for key in keys if section.get(key)]
    if found:
        raise InvalidSettings(
            f"KUBECONFIG {path}: {', '.join(found)} is not supported; "
            "use a token, a tokenFile or a client certificate"
        )
