"""netpol-analyzer's exposure expectations: reading them, and the engine under that tool's profile."""

from __future__ import annotations

import pytest

from ringfence.sets.ports import describe
from tests.truth import exposure_lists as lists

FOLDERS = [folder for folder in lists.folders() if not folder.beyond]


def test_peers_are_read_as_selectors() -> None:
    space = "[namespace with {foo=managed,{Key:env,Operator:Exists,Values:[],}}]"
    text = space + "/[pod with {{Key:app,Operator:NotIn,Values:[a b],}}]"
    found = lists.peer(text)
    assert (found.namespace, str(found.spaces), str(found.pods)) == (None, "env,foo=managed", "app notin (a,b)")
    home = lists.peer("hello-world/[pod with {role=monitoring}]")
    assert (home.namespace, str(home.pods)) == ("hello-world", "role=monitoring")
    assert lists.peer("entire-cluster") == lists.EVERYONE
    with pytest.raises(ValueError, match="no peer"):
        lists.peer("somebody")


def test_a_peer_selects_by_home_and_labels() -> None:
    found = lists.peer("hello-world/[pod with {role=monitoring}]")
    assert found.selects("hello-world", {}, {"role": "monitoring"})
    assert not found.selects("other", {}, {"role": "monitoring"})
    assert not found.selects("hello-world", {}, {})


def test_ports_by_name_are_none_of_a_pod_that_names_none() -> None:
    assert describe(lists.numbered("TCP 80,http,UDP 53")) == "TCP 80, UDP 53"
    assert lists.numbered("TCP http") == ()
    assert describe(lists.numbered("All Connections")) == "any port"


@pytest.mark.skipif(not FOLDERS, reason="the lists are absent")
@pytest.mark.parametrize("folder", FOLDERS, ids=lambda folder: folder.name)
def test_pods_that_do_not_exist_get_the_same(folder: lists.Folder) -> None:
    asked, wrong = lists.judge(folder)
    assert asked
    assert not wrong, "\n".join(wrong)
