"""Every way in: service accounts, kubeconfigs, and TLS that means it."""

import base64
import gc
from pathlib import Path
from typing import Any

import pytest
import yaml

from burgee.adapters.cluster.kubeconfig import access_from_environment, access_from_kubeconfig
from burgee.errors import ClusterError, InvalidSettings


def write_config(
    folder: Path,
    *,
    cluster: dict[str, Any] | None = None,
    user: dict[str, Any] | None = None,
    **top: Any,
) -> Path:
    config = {
        "apiVersion": "v1",
        "kind": "Config",
        "current-context": "here",
        "contexts": [
            {"name": "elsewhere", "context": {"cluster": "other", "user": "other"}},
            {"name": "here", "context": {"cluster": "c", "user": "u"}},
        ],
        "clusters": [
            {"name": "other", "cluster": {"server": "https://other.invalid"}},
            {"name": "c", "cluster": {"server": "http://127.0.0.1:1", **(cluster or {})}},
        ],
        "users": [{"name": "other", "user": {"token": "no"}}, {"name": "u", "user": user or {}}],
        **top,
    }
    path = folder / "config"
    path.write_text(yaml.safe_dump(config), encoding="utf-8")
    return path


def encoded(path: Path) -> str:
    return base64.b64encode(path.read_bytes()).decode()


def test_the_current_context_decides(tmp_path: Path) -> None:
    path = write_config(tmp_path, cluster={"server": "https://c:6443/"}, user={"token": "yes"})

    access = access_from_kubeconfig(path)

    assert access.server == "https://c:6443"
    assert access.token() == "yes"
    assert access.verify is True
    assert access.client_certificate is None


def test_a_token_file_wins_over_a_token_and_is_found_beside_the_config(tmp_path: Path) -> None:
    (tmp_path / "t").write_text("from-file\n", encoding="utf-8")
    path = write_config(tmp_path, user={"token": "inline", "tokenFile": "t"})

    assert access_from_kubeconfig(path).token() == "from-file"


def test_a_context_without_a_user_is_anonymous(tmp_path: Path) -> None:
    path = write_config(tmp_path, contexts=[{"name": "here", "context": {"cluster": "c"}}])

    assert access_from_kubeconfig(path).token() == ""


def test_certificates_given_as_data_become_private_files_that_go_away(tmp_path: Path) -> None:
    data = base64.b64encode(b"pem").decode()
    path = write_config(
        tmp_path,
        cluster={"certificate-authority-data": data},
        user={"client-certificate-data": data, "client-key-data": data},
    )

    access = access_from_kubeconfig(path)
    assert isinstance(access.verify, str)
    assert access.client_certificate is not None
    files = [Path(access.verify), *map(Path, access.client_certificate)]

    assert [file.read_bytes() for file in files] == [b"pem"] * 3
    assert {file.stat().st_mode & 0o777 for file in files} == {0o600}
    assert files[0].parent.stat().st_mode & 0o777 == 0o700
    access.close()
    access.close()
    assert not files[0].parent.exists()


def test_files_of_an_access_that_nobody_closes_go_away_with_it(tmp_path: Path) -> None:
    data = base64.b64encode(b"pem").decode()
    access = access_from_kubeconfig(
        write_config(tmp_path, cluster={"certificate-authority-data": data})
    )
    folder = Path(str(access.verify)).parent
    assert folder.exists()

    del access
    gc.collect()

    assert not folder.exists()


@pytest.mark.parametrize(
    ("cluster", "user", "top", "text"),
    [
        pytest.param({"server": "tcp://x"}, {}, {}, "no http", id="no http server"),
        pytest.param({"server": ""}, {}, {}, "no http", id="no server"),
        pytest.param({}, {}, {"current-context": "gone"}, "gone", id="unknown context"),
        pytest.param({}, {}, {"current-context": ""}, "contexts", id="no context"),
        pytest.param({}, {}, {"clusters": None}, "clusters", id="no clusters"),
        pytest.param({}, {}, {"users": [{"name": "x"}]}, "users", id="unknown user"),
        pytest.param({}, {"exec": {"command": "aws"}}, {}, "exec", id="exec plugin"),
        pytest.param({}, {"auth-provider": {"name": "gcp"}}, {}, "auth-provider", id="provider"),
        pytest.param({}, {"username": "a", "password": "S3"}, {}, "username", id="basic"),
        pytest.param({"proxy-url": "http://p"}, {}, {}, "proxy-url", id="proxy"),
        pytest.param(
            {"certificate-authority-data": "%%%"}, {}, {}, "no base64", id="data that is no base64"
        ),
        pytest.param(
            {"certificate-authority": "gone.crt"}, {}, {}, "gone.crt", id="missing CA file"
        ),
        pytest.param(
            {}, {"client-certificate-data": "cGVt"}, {}, "belong together", id="key is missing"
        ),
    ],
)
def test_a_kubeconfig_that_cannot_be_used_says_why(
    tmp_path: Path, cluster: dict[str, Any], user: dict[str, Any], top: dict[str, Any], text: str
) -> None:
    path = write_config(tmp_path, cluster=cluster, user=user, **top)

    with pytest.raises(InvalidSettings, match=text) as caught:
        access_from_kubeconfig(path)

    assert "S3" not in str(caught.value)


@pytest.mark.parametrize(
    "content",
    [
        pytest.param(b"- a\n- list\n", id="no mapping"),
        pytest.param(b"token: [S3CRET", id="no YAML"),
        pytest.param(b"\xff\xfe\x00", id="no text"),
    ],
)
def test_a_file_that_is_no_kubeconfig_is_not_quoted(tmp_path: Path, content: bytes) -> None:
    path = tmp_path / "config"
    path.write_bytes(content)

    with pytest.raises(InvalidSettings) as caught:
        access_from_kubeconfig(path)

    assert "S3CRET" not in str(caught.value)


def test_kubeconfig_wins_over_the_service_account(tmp_path: Path) -> None:
    path = write_config(tmp_path, user={"token": "yes"})
    environ = {
        "KUBECONFIG": f"{tmp_path / 'none'}:{path}",
        "KUBERNETES_SERVICE_HOST": "10.0.0.1",
        "KUBERNETES_SERVICE_PORT": "443",
    }

    assert access_from_environment(environ).token() == "yes"


def test_a_kubeconfig_that_does_not_exist_is_no_reason_to_look_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(InvalidSettings, match="no file that exists"):
        access_from_environment({"KUBECONFIG": str(tmp_path / "none")})


def test_without_anything_the_text_says_what_to_set() -> None:
    with pytest.raises(InvalidSettings, match="set KUBECONFIG"):
        access_from_environment({})


@pytest.mark.parametrize(
    ("host", "server"),
    [
        pytest.param("10.0.0.1", "https://10.0.0.1:443", id="IPv4"),
        pytest.param("fd00::1", "https://[fd00::1]:443", id="IPv6"),
    ],
)
def test_a_service_account_is_a_token_file_and_a_ca_file(
    tmp_path: Path, host: str, server: str
) -> None:
    (tmp_path / "token").write_text("sa", encoding="utf-8")
    (tmp_path / "ca.crt").write_text("pem", encoding="utf-8")
    environ = {"KUBERNETES_SERVICE_HOST": host, "KUBERNETES_SERVICE_PORT": "443"}

    access = access_from_environment(environ, service_account=tmp_path)

    assert access.server == server
    assert access.verify == str(tmp_path / "ca.crt")
    assert access.token() == "sa"


@pytest.mark.parametrize("missing", ["token", "ca.crt"])
def test_an_incomplete_service_account_is_found_at_the_start(tmp_path: Path, missing: str) -> None:
    for name in {"token", "ca.crt"} - {missing}:
        (tmp_path / name).write_text("x", encoding="utf-8")
    environ = {"KUBERNETES_SERVICE_HOST": "10.0.0.1", "KUBERNETES_SERVICE_PORT": "443"}

    with pytest.raises(InvalidSettings, match=missing):
        access_from_environment(environ, service_account=tmp_path)


def test_tls_with_a_private_ca_and_a_client_certificate(
    api: Any, certificates: Any, tmp_path: Path
) -> None:
    server = api.serve(
        lambda _: api.reply({"ok": True}), certificates.server_context(demand_client=True)
    )
    path = write_config(
        tmp_path,
        cluster={
            "server": server.url,
            "certificate-authority-data": encoded(certificates.ca),
        },
        user={
            "client-certificate-data": encoded(certificates.client),
            "client-key": str(certificates.client_key),
        },
    )

    client = api.client(access_from_kubeconfig(path))

    for _ in range(3):
        assert client.get("v1", "ConfigMap", "t", "x") == {"ok": True}
    assert server.connections == 1


def test_tls_without_the_demanded_client_certificate_fails(api: Any, certificates: Any) -> None:
    server = api.serve(
        lambda _: api.reply({"ok": True}), certificates.server_context(demand_client=True)
    )

    with pytest.raises(ClusterError):
        api.connect(server, verify=str(certificates.ca)).get("v1", "ConfigMap", "t", "x")

    assert server.requests == []


def test_a_certificate_of_an_unknown_ca_is_refused(api: Any, certificates: Any) -> None:
    server = api.serve(lambda _: api.reply({"ok": True}), certificates.server_context())

    with pytest.raises(ClusterError, match="TLS failed"):
        api.connect(server, verify=True, token="t").get("v1", "ConfigMap", "t", "x")

    assert server.requests == []


def test_a_certificate_for_another_host_is_refused(api: Any, certificates: Any) -> None:
    server = api.serve(lambda _: api.reply({"ok": True}), certificates.server_context())
    client = api.connect(f"https://localhost:{server.port}", verify=str(certificates.ca))

    with pytest.raises(ClusterError, match="TLS failed"):
        client.get("v1", "ConfigMap", "t", "x")

    assert server.requests == []


@pytest.mark.filterwarnings("ignore:Unverified HTTPS request")
def test_verification_is_off_only_where_the_kubeconfig_says_so(
    api: Any, certificates: Any, tmp_path: Path
) -> None:
    server = api.serve(lambda _: api.reply({"ok": True}), certificates.server_context())
    path = write_config(tmp_path, cluster={"server": server.url, "insecure-skip-tls-verify": True})

    client = api.client(access_from_kubeconfig(path))

    assert client.get("v1", "ConfigMap", "t", "x") == {"ok": True}
