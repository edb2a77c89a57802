"""kr8s: objects that know how to change themselves, waiting, watching, looking up."""
import kr8s
from kr8s.objects import ConfigMap, Deployment, Pod, new_class

api = kr8s.api()
assert api.version()["major"] == "1"
assert {"default", "kube-system"} <= {namespace.name for namespace in kr8s.get("namespaces")}

pod = Pod({"metadata": {"name": "one", "labels": {"a": "b"}}, "spec": {"containers": [{"name": "main", "image": "example.test/one:1"}]}})
pod.create()
assert pod.exists() and pod.status.phase == "Pending"
pod.label({"c": "d"})
pod.annotate({"note": "hello"})
assert pod.labels["c"] == "d"
assert [found.name for found in kr8s.get("pods", label_selector={"a": "b"})] == ["one"]
pod.delete()
assert not pod.exists()

settings = ConfigMap({"metadata": {"name": "settings"}, "data": {"colour": "blue"}})
settings.create()
settings.patch({"data": {"colour": "red"}})
assert ConfigMap.get("settings").data.colour == "red"

deployment = Deployment(
    {
        "metadata": {"name": "web"},
        "spec": {
            "selector": {"matchLabels": {"a": "b"}},
            "template": {"metadata": {"labels": {"a": "b"}}, "spec": {"containers": [{"name": "main", "image": "example.test/web:1"}]}},
        },
    }
)
deployment.create()
deployment.scale(0)
assert Deployment.get("web").replicas == 0
deployment.patch({"status": {"conditions": [{"type": "Available", "status": "True"}]}}, subresource="status")
deployment.wait("condition=Available", timeout=10)
for kind, found in kr8s.watch("deployments"):
    assert (kind, found.name) == ("ADDED", "web")
    break

import yaml
from kr8s.objects import object_from_spec

with open("backup-crd.yaml") as file:
    definition = object_from_spec(yaml.safe_load(file))
definition.create()
definition.wait("condition=Established", timeout=10)
Backup = new_class(kind="Backup", version="example.test/v1", namespaced=True)
backup = Backup({"metadata": {"name": "nightly"}, "spec": {"schedule": "03:00"}})
backup.create()
assert Backup.get("nightly").spec.copies == 3
backup.delete()
print("ok")
