"""The official client: create, read, list in pages, patch, delete; conflicts and errors as exceptions."""
from kubernetes import client, config
from kubernetes.client.rest import ApiException

config.load_kube_config()
api = client.CoreV1Api()
apps = client.AppsV1Api()

made = api.create_namespaced_config_map("default", client.V1ConfigMap(metadata=client.V1ObjectMeta(name="one"), data={"a": "1"}))
assert made.metadata.uid and made.data == {"a": "1"}
try:
    api.create_namespaced_config_map("default", client.V1ConfigMap(metadata=client.V1ObjectMeta(name="one")))
    raise AssertionError("created twice")
except ApiException as error:
    assert error.status == 409 and '"reason":"AlreadyExists"' in error.body, error

stale = api.read_namespaced_config_map("one", "default")
fresh = api.patch_namespaced_config_map("one", "default", {"data": {"b": "2"}})
assert fresh.data == {"a": "1", "b": "2"}
stale.data = {"c": "3"}
try:
    api.replace_namespaced_config_map("one", "default", stale)
    raise AssertionError("replaced a newer object")
except ApiException as error:
    assert error.status == 409 and "the object has been modified" in error.body, error
fresh.data = {"c": "3"}
assert api.replace_namespaced_config_map("one", "default", fresh).data == {"c": "3"}

for index in range(7):
    api.create_namespaced_config_map("default", {"metadata": {"name": f"page-{index}", "labels": {"kind": "page"}}})
names, token, pages = [], None, 0
while True:
    page = api.list_namespaced_config_map("default", label_selector="kind=page", limit=3, _continue=token)
    names += [item.metadata.name for item in page.items]
    pages += 1
    token = page.metadata._continue
    if not token:
        break
assert names == [f"page-{index}" for index in range(7)] and pages == 3, (names, pages)
api.delete_collection_namespaced_config_map("default", label_selector="kind=page")
assert not api.list_namespaced_config_map("default", label_selector="kind=page").items

pod = {"containers": [{"name": "main", "image": "example.test/web:1"}]}
deployment = apps.create_namespaced_deployment(
    "default",
    {"metadata": {"name": "web"}, "spec": {"selector": {"matchLabels": {"a": "b"}}, "template": {"metadata": {"labels": {"a": "b"}}, "spec": pod}}},
)
assert deployment.spec.replicas == 1 and deployment.spec.strategy.rolling_update.max_surge == "25%"
assert apps.patch_namespaced_deployment_scale("web", "default", {"spec": {"replicas": 4}}).spec.replicas == 4
assert apps.read_namespaced_deployment("web", "default").metadata.generation == 2
status = apps.delete_namespaced_deployment("web", "default")
assert (status if isinstance(status, dict) else status.to_dict())["status"] == "Success", status

try:
    api.create_namespaced_pod("default", {"metadata": {"name": "bad"}, "spec": {"containers": []}})
    raise AssertionError("a pod without containers")
except ApiException as error:
    assert error.status == 422 and "spec.containers: Required value" in error.body, error

token = api.create_namespaced_service_account_token("default", "default", {"spec": {"expirationSeconds": 600}})
assert token.status.token.count(".") == 2
assert client.VersionApi().get_code().major == "1"
print("ok")
