"""The official client's watch: events in order, going on from a revision, and a new list after 410."""
import threading
from kubernetes import client, config, watch
from kubernetes.client.rest import ApiException

config.load_kube_config()
api = client.CoreV1Api()

start = api.list_namespaced_config_map("default").metadata.resource_version
api.create_namespaced_config_map("default", {"metadata": {"name": "seen"}})
api.patch_namespaced_config_map("seen", "default", {"data": {"a": "1"}})
api.delete_namespaced_config_map("seen", "default")
events = []
for event in watch.Watch().stream(api.list_namespaced_config_map, "default", resource_version=start, timeout_seconds=2):
    events.append((event["type"], event["object"].metadata.name))
assert events == [("ADDED", "seen"), ("MODIFIED", "seen"), ("DELETED", "seen")], events

# What comes while one waits.
timer = threading.Timer(0.5, lambda: api.create_namespaced_config_map("default", {"metadata": {"name": "late"}}))
timer.start()
now = api.list_namespaced_config_map("default").metadata.resource_version
watcher = watch.Watch()
for event in watcher.stream(api.list_namespaced_config_map, "default", resource_version=now, timeout_seconds=20):
    assert (event["type"], event["object"].metadata.name) == ("ADDED", "late"), event
    watcher.stop()

# A revision that is no longer kept: the client is told so, lists again, and goes on.
try:
    for event in watch.Watch().stream(api.list_namespaced_config_map, "default", resource_version="1", timeout_seconds=2):
        raise AssertionError(event)
    raise AssertionError("the past should be gone")
except ApiException as error:
    assert error.status == 410, error
again = api.list_namespaced_config_map("default")
assert "late" in [item.metadata.name for item in again.items]
api.delete_namespaced_config_map("late", "default")
watcher = watch.Watch()
for event in watcher.stream(api.list_namespaced_config_map, "default", resource_version=again.metadata.resource_version, timeout_seconds=20):
    assert (event["type"], event["object"].metadata.name) == ("DELETED", "late"), event
    watcher.stop()
print("ok")
