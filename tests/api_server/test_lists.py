"""Lists: pages of one state, and which state that is."""

from __future__ import annotations

from tests.support.api_client import ApiClient
from tests.support.api_server import Json
from tests.support.manifests import ingress, path, rule

FAR_FUTURE = "999999999999"


def web(name: str) -> Json:
    return ingress(name, rule(f"{name}.test", path("/", "web")))


async def make(api: ApiClient, count: int) -> list[Json]:
    return [await api.created(web(f"i{number}")) for number in range(count)]


async def test_list_has_a_kind_and_a_version_and_its_items_have_neither(api: ApiClient) -> None:
    (created,) = await make(api, 1)
    listed = await api.get(api.path("Ingress"))
    assert (listed.body["kind"], listed.body["apiVersion"]) == ("IngressList", "networking.k8s.io/v1")
    assert int(listed.version) >= int(created["metadata"]["resourceVersion"])
    (item,) = listed.body["items"]
    assert not {"kind", "apiVersion"} & set(item)
    assert item["metadata"]["uid"] == created["metadata"]["uid"]


async def test_list_of_nothing_has_an_empty_list(api: ApiClient) -> None:
    assert (await api.get(api.path("Ingress"))).body["items"] == []


async def test_list_of_all_namespaces_contains_this_one(api: ApiClient) -> None:
    await make(api, 1)
    listed = await api.get(api.everywhere("Ingress"))
    assert api.namespace in {item["metadata"]["namespace"] for item in listed.body["items"]}


async def test_pages_show_the_state_of_the_first(api: ApiClient) -> None:
    await make(api, 5)
    first = await api.get(api.path("Ingress"), limit="2")
    assert first.names == ["i0", "i1"]
    assert first.body["metadata"]["remainingItemCount"] == 3
    await api.delete(api.path("Ingress", "i3"))
    await api.created(web("i2-new"))
    second = await api.get(api.path("Ingress"), limit="2", **{"continue": first.body["metadata"]["continue"]})
    third = await api.get(api.path("Ingress"), limit="2", **{"continue": second.body["metadata"]["continue"]})
    assert second.names + third.names == ["i2", "i3", "i4"]
    assert first.version == second.version == third.version
    assert "continue" not in third.body["metadata"]
    assert (await api.get(api.path("Ingress"))).names == ["i0", "i1", "i2", "i2-new", "i4"]


async def test_page_of_a_selection_does_not_know_what_remains(api: ApiClient) -> None:
    await make(api, 3)
    page = await api.get(api.path("Ingress"), limit="1", fieldSelector="metadata.name!=i0")
    assert page.names == ["i1"]
    assert page.body["metadata"]["continue"]
    assert "remainingItemCount" not in page.body["metadata"]


async def test_list_of_an_exact_version_is_in_the_past(api: ApiClient) -> None:
    created = await make(api, 2)
    version = created[1]["metadata"]["resourceVersion"]
    await api.delete(api.path("Ingress", "i0"))
    exact = await api.get(api.path("Ingress"), resourceVersion=version, resourceVersionMatch="Exact")
    assert (exact.names, exact.version) == (["i0", "i1"], version)
    newer = await api.get(api.path("Ingress"), resourceVersion=version, resourceVersionMatch="NotOlderThan")
    assert newer.names in (["i1"], ["i0", "i1"])
    assert int(newer.version) >= int(version)


async def test_version_in_the_future_is_too_large(api: ApiClient) -> None:
    reply = await api.get(api.path("Ingress"), resourceVersion=FAR_FUTURE)
    assert (reply.status, reply.body["reason"]) == (504, "Timeout")
    assert reply.body["message"].startswith(f"Timeout: Too large resource version: {FAR_FUTURE}, current: ")
    assert reply.body["details"]["retryAfterSeconds"] == 1
    assert reply.body["details"]["causes"] == [
        {"reason": "ResourceVersionTooLarge", "message": "Too large resource version"}
    ]


async def test_match_needs_a_version(api: ApiClient) -> None:
    reply = await api.get(api.path("Ingress"), resourceVersionMatch="Exact")
    assert (reply.status, reply.body["reason"]) == (422, "Invalid")
    assert reply.body["details"]["causes"][0]["field"] == "resourceVersionMatch"


async def test_exact_version_0_is_refused(api: ApiClient) -> None:
    reply = await api.get(api.path("Ingress"), resourceVersion="0", resourceVersionMatch="Exact")
    assert reply.status == 422


async def test_continue_goes_without_a_version(api: ApiClient) -> None:
    await make(api, 2)
    first = await api.get(api.path("Ingress"), limit="1")
    token = first.body["metadata"]["continue"]
    reply = await api.get(api.path("Ingress"), resourceVersion=first.version, **{"continue": token})
    assert (reply.status, reply.body["reason"]) == (400, "BadRequest")


async def test_page_that_is_asked_for_too_late_is_gone(api: ApiClient) -> None:
    for name in ("a", "b"):
        await api.created({"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": name}})
    first = await api.get(api.path("ConfigMap"), limit="1")
    await api.patch(api.path("ConfigMap", "a"), {"data": {"a": "1"}})
    api.forget()
    reply = await api.get(api.path("ConfigMap"), limit="1", **{"continue": first.body["metadata"]["continue"]})
    assert (reply.status, reply.body["reason"]) == (410, "Expired")
    assert reply.body["message"].startswith("The provided continue parameter is too old")
    # The answer's own token goes on with what there is by now.
    rest = await api.get(api.path("ConfigMap"), limit="1", **{"continue": reply.body["metadata"]["continue"]})
    assert rest.names == ["b"]


async def test_exact_version_that_is_forgotten_is_gone(api: ApiClient) -> None:
    config_map = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "m"}}
    forgotten = (await api.created(config_map))["metadata"]["resourceVersion"]
    await api.patch(api.path("ConfigMap", "m"), {"data": {"a": "1"}})
    api.forget()
    reply = await api.get(api.path("ConfigMap"), resourceVersion=forgotten, resourceVersionMatch="Exact")
    assert (reply.status, reply.body["reason"]) == (410, "Expired")


async def test_bad_continue_token_is_a_bad_request(api: ApiClient) -> None:
    reply = await api.get(api.path("Ingress"), limit="1", **{"continue": "not-a-token"})
    assert (reply.status, reply.body["reason"]) == (400, "BadRequest")


async def test_initial_events_are_for_watches_only(api: ApiClient) -> None:
    reply = await api.get(
        api.path("Ingress"), resourceVersion="0", resourceVersionMatch="NotOlderThan", sendInitialEvents="true"
    )
    assert reply.status == 422


async def test_kind_that_does_not_exist_is_not_found(api: ApiClient) -> None:
    assert (await api.get("/apis/networking.k8s.io/v1/nothings")).status == 404
    assert (await api.get("/apis/nothing.test/v1/ingresses")).status == 404


async def test_version_and_readiness(api: ApiClient) -> None:
    assert (await api.get("/version")).body["major"] == "1"
    assert (await api.get("/readyz")).body == "ok"
