"""What is told of calls: on one line, and without passwords."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from awaits.fetch.calls import Summary, shown


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://me:pass@host/a?b", "http://me:[secure-0000]@host/a?b"),
        ("http://:pass@host", "http://:[secure-0000]@host"),
        ("HTTPS://me:p@ss:w@rd@host:8080/@x", "HTTPS://me:[secure-0000]@host:8080/@x"),
        ("//me:pass@host", "//me:[secure-0000]@host"),
        ("http://me:a/b@host/", "http://me:[secure-0000]@host/"),
        ("me:pass@host:1/a", "me:[secure-0000]@host:1/a"),
        (" :p@ss@host", " :[secure-0000]@host"),
        ("http:me:pass@host", "http:[secure-0000]@host"),
        ("http://a@b.com:pass@host/", "http://a@b.com:[secure-0000]@host/"),
        ("http:/me:pass@host/", "http:/me:[secure-0000]@host/"),
        ("http:///me:pass@host/", "http:///me:[secure-0000]@host/"),
        ("host:80/a:b@c", "host:80/a:b@c"),
        ("http://me@host:80/a@b", "http://me@host:80/a@b"),
        ("http://[::1]/a@b", "http://[::1]/a@b"),
        ("http://[::1]:80/a@b", "http://[::1]:80/a@b"),
        ("http://[:pass@host", "http://[:[secure-0000]@host"),
        ("http://me@host/", "http://me@host/"),
        ("http://me:@host/", "http://me:@host/"),
        ("http://host:80/a:b@c", "http://host:80/a:b@c"),
        ("http://host?a:b@c", "http://host?a:b@c"),
        ("Mailto:me@host", "Mailto:me@host"),
        ("http://host/\n", "http://host/\\n"),
        ("", ""),
    ],
)
def test_a_password_is_not_shown(url: str, expected: str) -> None:
    head, secure, tail = expected.partition("[secure-")

    assert shown(url).startswith(head + secure)
    assert shown(url).endswith(tail[4:])
    assert len(shown(url)) == len(expected)


text = st.text(st.characters(exclude_characters="/?#\\"), min_size=1)


@given(user=st.text(st.characters(exclude_characters=":/?#@\\")), password=text)
def test_whatever_a_password_is_four_digits_are_shown(user: str, password: str) -> None:
    assert len(shown(f"http://{user}:{password}@host/")) == len(shown(f"http://{user}:x@host/"))


def test_one_url_is_shown_as_one_and_two_as_two() -> None:
    assert shown("http://me:one@host") == shown("http://me:one@host")
    assert shown("http://me:one@host") != shown("http://me:two@host")


def test_a_summary_says_what_an_earlier_run_has_saved() -> None:
    assert str(Summary(1, 2, 0, 0.5)) == "1 done, 2 failed in 0.500 s"
    assert str(Summary(1, 2, 3, 0.5)) == "1 done, 2 failed in 0.500 s; 3 were saved before"
