import http.client
import json
import threading
from urllib.parse import quote

import pytest

from digitlib.app.server import Server
from digitlib.cli import main
from digitlib.errors import ModelError
from digitlib.files import SAMPLES

GOOD = (SAMPLES / "dark_on_light.png").read_bytes()


@pytest.fixture(scope="module")
def server(tmp_path_factory):
    with Server(0, tmp_path_factory.mktemp("kept")) as made:
        threading.Thread(target=made.serve_forever, daemon=True).start()
        yield made
        made.shutdown()


def ask(server, method, path, body=None, **headers):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    connection.request(method, path, body, headers)
    response = connection.getresponse()
    content = response.read()
    connection.close()
    return response, content


def question(server, **asked):
    return f"/ask?token={server.token}&question={quote(json.dumps(asked))}"


def test_it_listens_on_this_machine_alone(server):
    assert server.server_address[0] == "127.0.0.1"


def test_the_page_comes_whole_and_asks_no_other_host(server):
    response, content = ask(server, "GET", f"/?token={server.token}")
    assert response.status == 200 and b"createDrawing" in content and b"<!-- S" not in content
    assert "default-src 'none'" in response.headers["Content-Security-Policy"]


def test_a_picture_is_read(server):
    response, content = ask(server, "POST", question(server, kind="read"), GOOD)
    assert response.status == 200 and json.loads(content)["text"] == "7"


@pytest.mark.parametrize("method", ["GET", "POST"])
@pytest.mark.parametrize("token", ["", "?token=", "?token=wrong", "?token=é"])
def test_without_the_token_there_is_nothing(server, method, token):
    response, content = ask(server, method, "/" + quote(token, safe="?="), b"" if method else None)
    assert response.status == 403 and b"createDrawing" not in content


@pytest.mark.parametrize(
    "host", ["example.org", "evil.test:{port}", "127.0.0.1", "127.0.0.1:1", ""]
)
def test_another_hosts_name_is_refused(server, host):
    host = host.format(port=server.server_port)
    for method, path in (
        ("GET", f"/?token={server.token}"),
        ("POST", question(server, kind="read")),
    ):
        response, content = ask(server, method, path, GOOD, Host=host)
        assert response.status == 421 and b"text" not in content


def test_each_start_has_a_token_of_its_own(server, tmp_path):
    with Server(0, tmp_path) as other:
        assert len(other.token) >= 20 and other.token != server.token


def test_too_large_a_file_and_an_odd_question_get_a_sentence(server):
    connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=60)
    connection.putrequest("POST", question(server, kind="read"))
    connection.putheader("Content-Length", str(51 * 2**20))
    connection.endheaders()
    assert "more than 50 MB" in json.loads(connection.getresponse().read())["error"]
    for asked in ("no", "[1]", "7"):
        path = f"/ask?token={server.token}&question={quote(asked)}"
        assert "another version" in json.loads(ask(server, "POST", path, b"")[1])["error"]
    assert ask(server, "GET", f"/etc/passwd?token={server.token}")[0].status == 404


def test_a_port_that_is_taken_is_said_so(server, capsys):
    assert main(["app", "--no-browser", f"--port={server.server_port}"]) == 1
    said = capsys.readouterr().err
    assert "in use" in said and f"Port {server.server_port} cannot be used" in said
    with pytest.raises(SystemExit):
        main(["app", "--port", "70000"])
    assert "the largest is 65535" in capsys.readouterr().err


def test_a_reader_that_cannot_be_loaded_is_told_of_on_the_page(server, monkeypatch):
    def missing():
        raise ModelError("LiteRT is not installed; install it.")

    monkeypatch.setattr("digitlib.reading.recognizer.shared", missing)
    content = ask(server, "POST", question(server, kind="read"), GOOD)[1]
    assert json.loads(content) == {"error": "LiteRT is not installed; install it."}


@pytest.mark.parametrize(
    ("error", "told"), [(ConnectionResetError, False), (TimeoutError, False), (ValueError, True)]
)
def test_a_page_that_is_closed_early_is_no_fault(server, capfd, error, told):
    try:
        raise error
    except error:
        server.handle_error(None, ("127.0.0.1", 1))
    assert ("Traceback" in capfd.readouterr().err) == told
