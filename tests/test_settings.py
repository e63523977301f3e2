from __future__ import annotations

from pathlib import Path

import pytest

from talwerk.settings import FIELDS, Settings, SettingsError, load


def test_flags_win_over_environment_and_environment_over_file(tmp_path: Path) -> None:
    file = tmp_path / "talwerk.toml"
    file.write_text('port = 1001\nhost = "::1"\ncity = "solingen"\n')
    settings = load({"port": 1003, "city": None}, {"TALWERK_PORT": "1002", "TALWERK_DATA": "elsewhere"}, file)
    assert (settings.port, settings.host, settings.city) == (1003, "::1", "solingen")
    assert settings.data == Path("elsewhere")


def test_unknown_key_names_file_and_line(tmp_path: Path) -> None:
    file = tmp_path / "talwerk.toml"
    file.write_text("# a city\nport = 8080\nprot = 8081\n")
    with pytest.raises(SettingsError, match=r"talwerk\.toml, line 3: there is no setting 'prot'"):
        load(file=file, environment={})


def test_unknown_variable_is_named() -> None:
    with pytest.raises(SettingsError, match="TALWERK_PROT"):
        load(environment={"TALWERK_PROT": "1"})


@pytest.mark.parametrize(
    "variable, value",
    [("PORT", "eighty"), ("PORT", "70000"), ("FEEDS", "maybe"), ("DEV_OPEN_WRITES", "perhaps"), ("QUEUE_MAX", "0")],
)
def test_unusable_value_is_named(variable: str, value: str) -> None:
    with pytest.raises(SettingsError, match=f"TALWERK_{variable}"):
        load(environment={f"TALWERK_{variable}": value})


@pytest.mark.parametrize(
    "variable, value, told",
    [
        ("PORT", "abc", "it has to be a whole number"),
        ("SINGLE", "maybe", "it has to be yes or no"),
        ("FEEDS", "x", "it is 'x', which is none of auto, live, twin, off"),
        ("RAW_DAYS_OF", "a=b", "it has to be a whole number"),
        ("BACKUP_KEEP", "1,2", "it has to be a list of length 3, got 2"),
    ],
)
def test_what_is_wrong_is_said_in_plain_words(variable: str, value: str, told: str) -> None:
    with pytest.raises(SettingsError) as refused:
        load(environment={f"TALWERK_{variable}": value})
    assert str(refused.value) == f"TALWERK_{variable}: {told}"


def test_broken_file_is_named_with_its_line(tmp_path: Path) -> None:
    file = tmp_path / "talwerk.toml"
    file.write_text("port = 8080\nhost =\n")
    with pytest.raises(SettingsError, match=r"talwerk\.toml: .*line 2"):
        load(file=file, environment={})


@pytest.mark.parametrize("text", ["1", "true", "yes", "on"])
def test_open_writes_refuse_any_other_address_than_loopback(text: str) -> None:
    assert load(environment={"TALWERK_DEV_OPEN_WRITES": text}).dev_open_writes
    with pytest.raises(SettingsError, match="loopback"):
        load(environment={"TALWERK_DEV_OPEN_WRITES": text, "TALWERK_HOST": "0.0.0.0"})


def test_loopback_for_contexts_needs_open_writes() -> None:
    open_writes = {"TALWERK_DEV_OPEN_WRITES": "on", "TALWERK_DEV_ALLOW_LOOPBACK": "on"}
    assert load(environment=open_writes).dev_allow_loopback
    with pytest.raises(SettingsError, match=r"dev_allow_loopback .* needs dev_open_writes"):
        load(environment={"TALWERK_DEV_ALLOW_LOOPBACK": "on"})


@pytest.mark.parametrize(
    "host, loopback",
    [
        ("127.0.0.1", True), ("127.8.9.1", True), ("::1", True), ("[::1]", True), ("localhost", True),
        ("LOCALHOST", True), ("::ffff:127.0.0.1", True), ("0.0.0.0", False), ("::", False), ("10.0.0.5", False),
        ("fe80::1%eth0", False), ("::ffff:10.0.0.5", False), ("127.1", False), ("0", False),
        ("talwerk.example", False), ("localhost.example", False),
    ],
)  # fmt: skip
def test_who_can_reach_a_host(host: str, loopback: bool) -> None:
    settings = load(environment={"TALWERK_HOST": host})
    assert settings.loopback is loopback
    assert settings.exposed is not loopback
    assert load(environment={"TALWERK_HOST": host, "TALWERK_BEHIND_PROXY": "on"}).exposed


def test_open_writes_refuse_a_proxy_in_front() -> None:
    with pytest.raises(SettingsError, match="behind_proxy"):
        load(environment={"TALWERK_DEV_OPEN_WRITES": "on", "TALWERK_BEHIND_PROXY": "on"})


def test_a_certificate_needs_its_key() -> None:
    pair = {"TALWERK_TLS_CERTIFICATE": "c.pem", "TALWERK_TLS_KEY": "k.pem"}
    assert load(environment=pair).tls_key == Path("k.pem")
    for variable, value in pair.items():
        with pytest.raises(SettingsError, match="tls_certificate and tls_key belong together"):
            load(environment={variable: value})


@pytest.mark.parametrize("address", ["http://proxy.example:3128", "https://u:p@10.0.0.1:8443/", "http://[::1]:3128"])
def test_a_proxy(address: str) -> None:
    assert load(environment={"TALWERK_PROXY": address}).proxy == address


@pytest.mark.parametrize(
    "address",
    ["proxy:3128", "socks5://proxy", "http://", "http://u:secret@:1", "http://h/path", "http://h:0", "http://["],
)
def test_what_is_no_proxy(address: str) -> None:
    with pytest.raises(SettingsError, match="TALWERK_PROXY: proxy is not of the form") as refused:
        load(environment={"TALWERK_PROXY": address})
    assert "secret" not in str(refused.value)


def test_an_empty_host_is_refused(tmp_path: Path) -> None:
    file = tmp_path / "talwerk.toml"
    file.write_text('host = ""\n')
    with pytest.raises(SettingsError, match=r"line 1: .*host is empty"):
        load(environment={}, file=file)


def test_files_stand_for_contexts(tmp_path: Path) -> None:
    file = tmp_path / "talwerk.toml"
    file.write_text('[context_map]\n"https://a.example/c?d=e" = "a.jsonld"\n')
    expected = {"https://a.example/c?d=e": Path("a.jsonld")}
    assert load(environment={}, file=file).context_map == expected
    variable = {"TALWERK_CONTEXT_MAP": "https://a.example/c?d=e=a.jsonld, https://b.example/=b"}
    assert load(environment=variable).context_map == {**expected, "https://b.example/": Path("b")}
    for text in ("https://a.example/", "=a", "https://a.example/=", "urn:x:y=a"):
        with pytest.raises(SettingsError, match="CONTEXT_MAP"):
            load(environment={"TALWERK_CONTEXT_MAP": text})


def test_lists_are_separated_by_commas() -> None:
    assert load(environment={"TALWERK_HOSTS": "talwerk.example, www.talwerk.example"}).hosts == (
        "talwerk.example",
        "www.talwerk.example",
    )


def test_every_field_has_a_line_in_the_docstring() -> None:
    assert Settings.__doc__ is not None
    assert [name for name in FIELDS if f"\n        {name}: " not in Settings.__doc__] == []
