"""lightkube: typed objects, server-side apply, watches, generic resources of a definition."""
import yaml
from lightkube import Client, ApiError, codecs
from lightkube.generic_resource import create_namespaced_resource
from lightkube.models.core_v1 import Container, PodSpec
from lightkube.models.meta_v1 import ObjectMeta
from lightkube.resources.apps_v1 import Deployment
from lightkube.resources.apiextensions_v1 import CustomResourceDefinition
from lightkube.resources.core_v1 import ConfigMap, Pod

client = Client(field_manager="light")
client.create(Pod(metadata=ObjectMeta(name="one"), spec=PodSpec(containers=[Container(name="main", image="example.test/one:1")])))
pod = client.get(Pod, "one")
assert pod.spec.restartPolicy == "Always" and pod.status.phase == "Pending"
assert [found.metadata.name for found in client.list(Pod, fields={"metadata.name": "one"})] == ["one"]
client.patch(Pod, "one", {"metadata": {"labels": {"a": "b"}}})
assert [found.metadata.name for found in client.list(Pod, labels={"a": "b"})] == ["one"]
client.delete(Pod, "one", grace_period=0)
try:
    client.get(Pod, "one")
    raise AssertionError("deleted, and there")
except ApiError as error:
    assert error.status.code == 404 and error.status.reason == "NotFound"

client.apply(ConfigMap(metadata=ObjectMeta(name="applied", namespace="default"), data={"colour": "blue"}))
try:
    client.apply(ConfigMap(metadata=ObjectMeta(name="applied", namespace="default"), data={"colour": "red"}), field_manager="other")
    raise AssertionError("no conflict")
except ApiError as error:
    assert error.status.code == 409
client.apply(ConfigMap(metadata=ObjectMeta(name="applied", namespace="default"), data={"colour": "red"}), field_manager="other", force=True)

with open("web.yaml") as file:
    for object in codecs.load_all_yaml(file):
        client.apply(object, namespace="default")
assert client.patch(Deployment.Scale, "web", {"spec": {"replicas": 3}}).spec.replicas == 3

with open("backup-crd.yaml") as file:
    client.create(codecs.from_dict(yaml.safe_load(file)))
client.wait(CustomResourceDefinition, "backups.example.test", for_conditions=["Established"])
Backup = create_namespaced_resource("example.test", "v1", "Backup", "backups")
client.create(Backup(metadata={"name": "nightly"}, spec={"schedule": "03:00"}), namespace="default")
for kind, backup in client.watch(Backup, namespace="default"):
    assert (kind, backup.spec["copies"]) == ("ADDED", 3)
    break
print("ok")
