"""The official dynamic client: discovery, server-side apply with conflicts, custom resources."""
import time
from kubernetes import config, dynamic
from kubernetes.client import api_client
from kubernetes.dynamic.exceptions import ConflictError, NotFoundError, UnprocessibleEntityError
import yaml

config.load_kube_config()
client = dynamic.DynamicClient(api_client.ApiClient())
maps = client.resources.get(api_version="v1", kind="ConfigMap")


def text(error):
    return error.body.decode() if isinstance(error.body, bytes) else error.body


def apply(colour, manager, force=False):
    body = {"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": "applied"}, "data": {"colour": colour}}
    return client.server_side_apply(maps, body, "applied", "default", force_conflicts=force, field_manager=manager)


apply("blue", "one")
try:
    apply("red", "two")
    raise AssertionError("no conflict")
except ConflictError as error:
    assert 'conflict with \\"one\\": .data.colour' in text(error), error
assert apply("red", "two", force=True).data.colour == "red"
owners = {entry.manager for entry in maps.get("applied", "default").metadata.managedFields}
assert "two" in owners, owners

definitions = client.resources.get(api_version="apiextensions.k8s.io/v1", kind="CustomResourceDefinition")
with open("backup-crd.yaml") as file:
    definitions.create(yaml.safe_load(file))
deadline = time.monotonic() + 20
while True:
    try:
        backups = client.resources.get(api_version="example.test/v1", kind="Backup")
        break
    except dynamic.exceptions.ResourceNotFoundError:
        assert time.monotonic() < deadline, "the new kind is not served"
with open("backup.yaml") as file:
    made = backups.create(yaml.safe_load(file), "default")
assert made.spec.copies == 3, "the schema's default"
try:
    backups.patch({"spec": {"copies": 0}}, "nightly", "default", content_type="application/merge-patch+json")
    raise AssertionError("below the minimum")
except UnprocessibleEntityError as error:
    assert "spec.copies: Invalid value: 0: spec.copies in body should be greater than or equal to 1" in text(error), error
backups.status.patch({"status": {"phase": "Done"}}, "nightly", "default", content_type="application/merge-patch+json")
assert backups.get("nightly", "default").status.phase == "Done"
seen = [(event["type"], event["object"].metadata.name) for event in backups.watch(namespace="default", timeout=1)]
assert seen == [("ADDED", "nightly")], seen
backups.delete("nightly", "default")
try:
    backups.get("nightly", "default")
    raise AssertionError("deleted, and there")
except NotFoundError:
    pass
print("ok")
